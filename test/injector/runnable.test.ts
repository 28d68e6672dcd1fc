/** A file that the kernel would not execute is known before a secret is asked for; what it would execute is never refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiledC, piggyEnv } from "../support/programs.ts";
import { onlyLine, probe, runArgv } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";
import { CANDIDATES, type Content, furnish } from "./unfit-files.ts";

const fixture = (name: string) =>
  compiledC(fileURLToPath(new URL(`../fixtures/${name}.c`, import.meta.url)), name);

const isRoot = process.getuid?.() === 0;

let directory: string;
let webhook: StubWebhook;
let asked: number;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-runnable-"));
  webhook = startStubWebhook({ answer: () => Response.json({ KEY: "value" }) });
  await writeFile(join(directory, "token"), "token");
  await furnish(directory, await probe());
});
afterAll(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});
beforeEach(() => {
  asked = webhook.requests.length;
});

async function place(content: Content, mode = 0o755, name = "file"): Promise<string> {
  const file = join(directory, name);
  await rm(file, { force: true });
  await writeFile(file, typeof content === "function" ? await content(directory) : content);
  await chmod(file, mode);
  return file;
}

const environment = () => ({
  A: "piggy:KEY",
  PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
  PIGGY_TOKEN_FILE: join(directory, "token"),
  PIGGY_DEADLINE: "0s",
});

/** Starts a file of the folder with something in front. */
async function start(name: string, front: readonly string[] = []) {
  const argv = [...front, await piggyEnv(), "--", `./${name}`];
  return runArgv(argv, environment(), { cwd: directory });
}

/** What the kernel says of it: an errno, or 0. */
async function execve(name: string, front: readonly string[] = []): Promise<number> {
  const { stdout } = await runArgv([...front, await fixture("execute"), `./${name}`], {}, { cwd: directory });
  return Number.parseInt(stdout, 10);
}

const exitCodeFor = (errno: number) => ([2, 20].includes(errno) ? 127 : 126);

describe("the verdict is the kernel's, and comes before a secret is asked for", () => {
  test.each(CANDIDATES)("%s", async (_what, { content, says }) => {
    await place(content);
    const errno = await execve("file");
    const outcome = await start("file");
    expect(errno === 0).toBe(says === undefined);
    expect(webhook.requests.length - asked).toBe(errno === 0 ? 1 : 0);
    if (says === undefined) {
      expect(outcome.stderr).toBe("");
      return;
    }
    expect(outcome).toMatchObject({ exitCode: exitCodeFor(errno), stdout: "" });
    const line = onlyLine(outcome);
    expect(line.code).toBe(exitCodeFor(errno) === 127 ? "command_not_found" : "command_not_executable");
    expect(line.message).toStartWith('cannot run "./file": ');
    expect(line.message).toContain(says);
  });
});

describe("a file that may be executed and not read is left to the kernel", () => {
  // Root reads everything by a capability, which it can do without.
  const front = isRoot ? ["/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];

  test("and started", async () => {
    await place((at) => Bun.file(join(at, "static")).bytes().then(Buffer.from), 0o111);
    const outcome = await start("file", front);
    expect(outcome.stderr).toBe("");
    expect(outcome.started().environment).toEqual(["A=value"]);
  });

  test("and refused with its errno", async () => {
    await place("#!/nowhere/sh\n", 0o111);
    expect(await execve("file", front)).toBe(2);
    const outcome = await start("file", front);
    expect(outcome).toMatchObject({ exitCode: 127, stdout: "" });
    expect(onlyLine(outcome).message).toContain("its interpreter or its loader is not there (ENOENT)");
    expect(webhook.requests.length - asked).toBe(1);
  });
});

test("a file whose name is no text is left to the kernel", async () => {
  const name = Buffer.from(join(directory, "odd-\xff"), "latin1");
  await writeFile(name, "a text");
  await chmod(name, 0o755);
  const script = `exec "${await piggyEnv()}" -- ./odd-?`;
  const outcome = await runArgv(["/bin/sh", "-c", script], environment(), { cwd: directory });
  expect(outcome).toMatchObject({ exitCode: 126, stdout: "" });
  expect(onlyLine(outcome).message).toContain("(ENOEXEC)");
});

test("where the kernel cannot be asked before, it is asked with the secrets there", async () => {
  await place("a text");
  const outcome = await start("file", [await fixture("untraceable")]);
  expect(outcome).toMatchObject({ exitCode: 126, stdout: "" });
  expect(onlyLine(outcome).message).toContain("(ENOEXEC)");
  expect(webhook.requests.length - asked).toBe(1);
});

/** A namespace with handlers of its own, which the program that starts there cannot see. Since Linux 6.7. */
const HANDLERS = `
mount -t binfmt_misc none "$PWD/handlers"
echo ":piggy-magic:M::PIGGY::$SHELL_OF_HANDLERS:" > handlers/register
echo ":piggy-extension:E::pgy::$SHELL_OF_HANDLERS:" > handlers/register
exec "$@"`;
const UNSHARE = ["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-euc"];
const WITH_HANDLERS = [...UNSHARE, HANDLERS.replaceAll("$SHELL_OF_HANDLERS", "/bin/sh"), "sh"];

const hasHandlers = Bun.spawnSync([...UNSHARE, "mount -t binfmt_misc none /mnt"]).success;
if (!hasHandlers) console.log("test/injector: handlers of binfmt_misc are not tested: none can be made here");

describe.skipIf(!hasHandlers)("what a handler of binfmt_misc takes is started, and once", () => {
  const line = "echo ran >> ran\n";
  test.each([
    ["by its first bytes", "file", `PIGGY=1\n${line}`],
    ["by its extension, a text", "file.pgy", line],
    ["by its extension, a script without its interpreter", "file.pgy", `#!/nowhere/sh\n${line}`],
  ])("%s", async (_what, name, content) => {
    await Promise.all([
      Bun.$`mkdir -p ${directory}/handlers`.quiet(),
      rm(join(directory, "ran"), { force: true }),
    ]);
    await place(content, 0o755, name);
    expect(await execve(name)).not.toBe(0);
    const outcome = await start(name, WITH_HANDLERS);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await Bun.file(join(directory, "ran")).text()).toBe("ran\n");
    expect(webhook.requests.length - asked).toBe(1);
  });
});
