// Lets a clean clone run any of the project's commands: installs what the lock file names when node_modules is
// absent or out of date, then hands over to Bun. Runs under Node, because Node is what a fresh machine has.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function fail(message) {
  process.stderr.write(`piggy: ${message}\n`);
  process.exit(1);
}

function installedAsLocked() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const present = read(installed);
  return Object.entries(read(join(root, "package-lock.json"))).every(
    ([path, wanted]) =>
      path === "" || (present[path] ? present[path].version === wanted.version : wanted.optional === true),
  );
}

function requireCompiler() {
  const compiler = process.env.CC || "cc";
  if (spawnSync(compiler, ["--version"], { stdio: "ignore" }).status === 0) return;
  fail(
    `no C compiler: \`${compiler}\` does not run. The programs that the demo and the tests start are in C. ` +
      "Install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install) or name yours in CC.",
  );
}

function makeFolder() {
  try {
    return mkdtempSync(join(tmpdir(), "piggy-"));
  } catch (error) {
    fail(`no folder can be made for temporary files; set TMPDIR to one where it can: ${error.message}`);
  }
}

/** The programs of tests and demo are 110 MB, and Bun's test runner tells nobody when it ends. */
function temporaryFolder() {
  const folder = makeFolder();
  // Some programs are started as another user.
  chmodSync(folder, 0o755);
  process.on("exit", () => {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      process.stderr.write(`piggy: ${folder} is left: ${error.message}\n`);
    }
  });
  return folder;
}

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) fail("usage: node scripts/run.mjs test|FILE [ARGUMENT…]");

if (!installedAsLocked()) {
  process.stderr.write("piggy: installing the packages of package-lock.json\n");
  const npm = spawnSync("npm", ["ci", "--no-fund", "--no-audit"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (npm.error) fail(`npm does not run: ${npm.error.message}`);
  if (npm.status !== 0) fail("npm ci failed; its output above says why");
}
if (/^(test$|demo\/|bench\/|soak\/)/.test(command)) requireCompiler();

const bun = join(root, "node_modules", ".bin", "bun");
if (spawnSync(bun, ["--version"], { stdio: "ignore" }).status !== 0) {
  fail(
    `Bun does not start from ${bun}: no build for ${process.platform}-${process.arch}, or its install was cut short. Remove node_modules and run this again.`,
  );
}
// The first test that starts piggy-env on a machine waits for what it is built with to be fetched.
const options = command === "test" ? ["--timeout=120000"] : [];
const env = /^(test$|demo\/)/.test(command) ? { ...process.env, TMPDIR: temporaryFolder() } : process.env;
const child = spawn(bun, [command, ...options, ...rest], { cwd: root, stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
