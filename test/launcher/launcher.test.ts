/** The launcher as a built program: what it is made of, and what it says when it cannot start the injector. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onlyLine, probe } from "../injector/piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "../injector/stub-webhook.ts";
import { piggyEnv } from "../support/programs.ts";
import type { Ended } from "../support/run-plainly.ts";
import { runPlainly } from "../support/run-plainly.ts";
import { parseElf } from "./elf.ts";
import { bundleFolder, inOwnMounts, noMounts, removed } from "./enclosed.ts";
import { arrangeProgram, startProgram } from "./state.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-launcher-"));
});
afterAll(() => removed(directory));

describe("the program", () => {
  test("is small, static, and runs no code from its stack", async () => {
    const file = await piggyEnv();
    expect((await stat(file)).size).toBeLessThan(16 * 1024);
    const { interpreter, isDynamic, stack, segments } = parseElf(readFileSync(file));
    expect({ interpreter, isDynamic, stack }).toEqual({
      interpreter: undefined,
      isDynamic: false,
      stack: "rw-",
    });
    expect(segments.filter((rights) => rights.includes("w") && rights.includes("x"))).toEqual([]);
  });
});

const ARM64 = fileURLToPath(new URL("../../dist/arm64/piggy-env", import.meta.url));

if (!existsSync(ARM64)) console.log(`skipped: ${ARM64} is not there; npm run build makes it`);

describe.skipIf(!existsSync(ARM64))("the bundle for arm64, where one is built", () => {
  const EM_AARCH64 = 183;

  test("is of that architecture, and named as the launcher has it", async () => {
    const libraries = (await readdir(join(ARM64, "lib"))).filter((name) => !name.endsWith(".copyright"));
    const files = ["piggy-env", ...libraries.map((name) => `lib/${name}`)];
    const machines = files.map((file) => [file, parseElf(readFileSync(join(ARM64, file))).machine]);
    expect(machines).toEqual(files.map((file) => [file, EM_AARCH64]));
    const own = await readdir(join(await bundleFolder(), "lib"));
    expect((await readdir(join(ARM64, "lib"))).sort()).toEqual(own.sort());
  });

  test("has a launcher that is small and static, and an injector that names the launcher's loader", () => {
    const launcher = readFileSync(join(ARM64, "piggy-env"));
    expect(launcher.length).toBeLessThan(16 * 1024);
    expect(parseElf(launcher)).toMatchObject({ interpreter: undefined, isDynamic: false, stack: "rw-" });
    expect(parseElf(readFileSync(join(ARM64, "lib/injector"))).interpreter).toBe("/proc/self/fd/250");
  });
});

/** One line of JSON, as the injector writes it, and 125. */
function expectRefusal({ exitCode, stdout, stderr }: Ended, code: string, ...says: readonly string[]) {
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
  const log = () =>
    stderr
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const line = onlyLine({ log, stderr });
  expect(Object.keys(line)).toEqual(["level", "time", "code", "message"]);
  expect(line).toMatchObject({ level: "fatal", code });
  expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Math.abs(Date.now() - Date.parse(line.time))).toBeLessThan(60_000);
  for (const text of says) expect(line.message).toContain(text);
}

/** What the injector says, and not the launcher. */
function expectUsage({ exitCode, stderr }: Ended) {
  expect(exitCode).toBe(125);
  expect(JSON.parse(stderr)).toMatchObject({ level: "fatal", code: "usage" });
}

/** A bundle's folder that has the launcher and these of the other files. */
async function partOfBundle(files: readonly string[], name = "bundle-"): Promise<string> {
  const folder = await mkdtemp(join(directory, name));
  await mkdir(join(folder, "lib"));
  await copyFile(await piggyEnv(), join(folder, "piggy-env"));
  for (const file of files) await symlink(join(await bundleFolder(), "lib", file), join(folder, "lib", file));
  return folder;
}

const LIBRARIES = ["ld.so", "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"];

const started = async (folder: string) => runPlainly([join(folder, "piggy-env"), "--", await probe()], {});

describe("it says why it cannot start the injector", () => {
  test("and starts it where everything is there", async () => {
    const { exitCode, stderr } = await started(await partOfBundle([...LIBRARIES, "injector"]));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("without the loader", async () => {
    const folder = await partOfBundle(["injector"]);
    expectRefusal(await started(folder), "bundle_broken", `${folder}/lib/ld.so`, "it is not there");
  });

  test("without the injector", async () => {
    const folder = await partOfBundle(LIBRARIES);
    expectRefusal(await started(folder), "exec_failed", `${folder}/lib/injector`, "it is not there");
  });

  test("with an injector that is no program", async () => {
    const folder = await partOfBundle(LIBRARIES);
    await writeFile(join(folder, "lib/injector"), "neither", { mode: 0o755 });
    expectRefusal(await started(folder), "exec_failed", "it is not for this kind of processor");
  });

  test("with an injector that may not be executed", async () => {
    const folder = await partOfBundle(LIBRARIES);
    await writeFile(join(folder, "lib/injector"), "neither", { mode: 0o644 });
    expectRefusal(await started(folder), "exec_failed", "permission denied");
  });

  test("in a folder whose name wants quoting", async () => {
    const folder = await partOfBundle([], 'quo"ted\\and\nbroken-');
    expectRefusal(await started(folder), "bundle_broken", 'quo"ted\\and?broken-');
  });

  const arranged = async (states: readonly string[]) =>
    runPlainly([await arrangeProgram(), ...states, "--", await piggyEnv(), "--", await probe()], {});

  test("with its descriptor taken", async () => {
    expectRefusal(await arranged(["open=250"]), "descriptor_taken", "250");
  });

  test("with not so much as a name, which is a usage like any other that is wrong", async () => {
    expectUsage(await runPlainly([await arrangeProgram(), "no_arguments=1", "--", await piggyEnv()], {}));
    expectUsage(await runPlainly([await piggyEnv()], {}));
  });

  test.each([
    ["no more than 250 open files allowed", ["limit=7:250:250"], "raise the limit of open files"],
    ["no descriptor left", ["limit=7:3:3"], "no file descriptor is left"],
  ])("with %s", async (_what, states, says) => {
    expectRefusal(await arranged(states), "bundle_broken", says);
  });

  test.each(["65536", "131072", "262143"])("with a stack of no more than %s bytes", async (limit) => {
    expectRefusal(await arranged([`limit=3:${limit}:${limit}`]), "exec_failed", "the stack is below 256 KiB");
  });

  const inFolder = async (script: string) => {
    const shell = ["/bin/sh", "-euc", `${script}; exec "$2" -- "$3"`, "sh"];
    return runPlainly(
      [...shell, await mkdtemp(join(directory, "cwd-")), await piggyEnv(), await probe()],
      {},
    );
  };

  test("in a working directory that was deleted", async () => {
    const ended = await inFolder('cd "$1"; /bin/rmdir "$1"');
    expectRefusal(ended, "exec_failed", "the working directory", "it is not there");
  });

  test("in a working directory that is deeper than a path can say", async () => {
    const name = "d".repeat(250);
    const ended = await inFolder(
      `cd "$1"; for i in ${"1 ".repeat(20)}; do /bin/mkdir ${name}; cd -P ${name}; done`,
    );
    expectRefusal(ended, "exec_failed", "the working directory", "its path is longer");
  });

  test("with more names that cannot be hidden than it can note", async () => {
    const environment = Array.from({ length: 14_000 }, (_, index) => `\xff${index}`);
    const file = join(directory, "many");
    const strings = ["1", String(environment.length), await piggyEnv(), ...environment];
    await writeFile(file, Buffer.from(strings.map((string) => `${string}\0`).join(""), "latin1"));
    expectRefusal(await runPlainly([await startProgram(), file], {}), "exec_failed", "too many");
  });
});

describe.skipIf(noMounts !== undefined)("install says why it cannot", () => {
  const volumes: readonly (readonly [what: string, options: string, says: string])[] = [
    ["a volume that is full", "size=1m", "the volume is full"],
    ["a volume that is read-only", "ro", "the volume is read-only"],
  ];
  test.each(volumes)("into %s", async (_what, options, says) => {
    const volume = await mkdtemp(join(directory, "volume-"));
    const script =
      'mount -t tmpfs -o "$2" none "$1"; "$3" install "$1" || { code=$?; find "$1" -type f >&2; exit $code; }';
    // What is left behind would be named on stderr, and be no JSON.
    const ended = await inOwnMounts(script, [volume, options, await piggyEnv()]);
    const left = ended.stderr.split("\n").filter((line) => line.startsWith("/"));
    expect(left.filter((file) => /\.\d+$/.test(file))).toEqual([]);
    const stderr = ended.stderr
      .split("\n")
      .filter((line) => !line.startsWith("/"))
      .join("\n");
    expectRefusal({ ...ended, stderr }, "install_failed", volume, says);
  });
});

/** In front of a command: its process is the first of a PID namespace of its own. */
const AS_PID_1 = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** Starts it with a webhook to ask, on this port. */
async function startAsking(
  port: number,
  launcher: readonly string[],
  environment: Readonly<Record<string, string>>,
) {
  await writeFile(join(directory, "token"), "token");
  return Bun.spawn([...launcher, await piggyEnv(), "--", await probe()], {
    env: {
      PATH: process.env["PATH"],
      PIGGY_ADDRESS: `http://127.0.0.1:${port}`,
      PIGGY_TOKEN_FILE: join(directory, "token"),
      ...environment,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

const childOf = (pid: number) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));

describe("while it waits for a webhook that never answers", () => {
  let webhook: StubWebhook | undefined;
  afterEach(() => webhook?.stop());

  /** Starts it, and says how it ends when it gets these signals, one after the other, in the middle of its question. */
  async function endedBy(signals: readonly NodeJS.Signals[], launcher: readonly string[], toInner: boolean) {
    const question = Promise.withResolvers<void>();
    webhook = startStubWebhook({
      answer: () => {
        question.resolve();
        return new Promise<Response>(() => {});
      },
    });
    const child = await startAsking(webhook.port, launcher, { A: "piggy:KEY" });
    await question.promise;
    const asking = toInner ? childOf(child.pid) : child.pid;
    for (const [index, signal] of signals.entries()) {
      if (index > 0) await Bun.sleep(50);
      process.kill(asking, signal);
    }
    await child.exited;
    expect(await child.stdout.text()).toBe("");
    return child.exitCode ?? child.signalCode;
  }

  const ending = [
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGQUIT", 131],
    ["SIGUSR1", 138],
    ["SIGUSR2", 140],
    ["SIGTERM", 143],
  ] as const;

  test.skipIf(noMounts !== undefined).each(ending)(
    "as PID 1 it ends at once on %s, with %i",
    async (signal, exitCode) => {
      expect(await endedBy([signal], AS_PID_1, true)).toBe(exitCode);
    },
  );

  test.skipIf(noMounts !== undefined)("as PID 1 it ends on none that ends nothing", async () => {
    const ignoring = [...AS_PID_1, await arrangeProgram(), "ignore=1", "--"];
    expect(await endedBy(["SIGWINCH", "SIGHUP", "SIGTERM"], ignoring, true)).toBe(143);
  });

  test.each(ending)("else it ends by %s, as any program", async (signal) => {
    expect(await endedBy([signal], [], false)).toBe(signal);
  });
});

test.skipIf(noMounts !== undefined)("as PID 1 it ends on a signal that comes after the answer", async () => {
  let answered: () => void = () => {};
  const webhook = startStubWebhook({
    answer: () => {
      setTimeout(answered, 10);
      return Response.json({ K: "" });
    },
  });
  // Some tenths of a second of work between the answer and what is made of it, which is small.
  const values = Array.from({ length: 50 }, (_, i) => [`A${i}`, `\${piggy:K}`.repeat(2_000)]);
  const child = await startAsking(webhook.port, AS_PID_1, Object.fromEntries(values));
  let program = "";
  answered = () => {
    const inner = childOf(child.pid);
    process.kill(inner, "SIGTERM");
    program = readlinkSync(`/proc/${inner}/exe`);
  };
  await child.exited;
  await webhook.stop();
  expect(program).toEndWith("/lib/injector");
  expect({ exitCode: child.exitCode, stdout: await child.stdout.text() }).toEqual({
    exitCode: 143,
    stdout: "",
  });
});
