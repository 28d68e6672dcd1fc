/** What execve says no to at the very end is told in words, with the process's own means and no secret. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startIn } from "../launcher/state.ts";
import { piggyEnv } from "../support/programs.ts";
import { type LogLine, onlyLine, probe, run, runArgv } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

const MIB = 1024 * 1024;
const LONGEST = 128 * 1024;

let directory: string;
let webhook: StubWebhook;
let value = "value";
let meanwhile: () => Promise<unknown> = async () => undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-exec-"));
  webhook = startStubWebhook({
    answer: async () => {
      await meanwhile();
      return Response.json({ KEY: value });
    },
  });
  await writeFile(join(directory, "token"), "token");
});
afterAll(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});

const own = () => ({
  PIGGY_DEADLINE: "0s",
  PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
  PIGGY_TOKEN_FILE: join(directory, "token"),
  PIGGY_TERMINATION_LOG: join(directory, "termination"),
});

async function expectTold(line: LogLine): Promise<void> {
  expect(await Bun.file(join(directory, "termination")).text()).toBe(line.message);
}

describe("a target that changes while a secret is asked for", () => {
  const target = () => join(directory, "target");
  const replaced = (content: string) => async () => {
    await rm(target());
    await writeFile(target(), content, { mode: 0o755 });
  };
  const cases: readonly (readonly [
    what: string,
    change: () => Promise<unknown>,
    exitCode: number,
    says: string,
  ])[] = [
    ["is gone", () => rm(target()), 127, "(ENOENT)"],
    ["is no longer executable", () => chmod(target(), 0o644), 126, "(EACCES)"],
    ["is a text", replaced("a text\n"), 126, "it is no program of this machine, and names no interpreter"],
    [
      "has an interpreter that is not there",
      replaced("#!/nowhere/sh\n"),
      127,
      '"/nowhere/sh", which is not there',
    ],
    ["is its own interpreter", () => replaced(`#!${target()}\n`)(), 126, "more than 5 scripts"],
    ["leads to itself", () => rm(target()).then(() => symlink(target(), target())), 126, "(ELOOP)"],
    ["leads through a file", () => rm(target()).then(() => symlink("token/x", target())), 127, "(ENOTDIR)"],
  ];
  test.each(cases)("%s", async (_what, change, exitCode, says) => {
    await rm(target(), { force: true });
    await copyFile(await probe(), target());
    await writeFile(join(directory, "termination"), "");
    meanwhile = change;
    const outcome = await run(["--", target()], { ...own(), A: "piggy:KEY" });
    meanwhile = async () => undefined;
    expect(outcome).toMatchObject({ exitCode, stdout: "" });
    const line = onlyLine(outcome);
    expect(line.code).toBe(exitCode === 127 ? "command_not_found" : "command_not_executable");
    expect(line.message).toContain(says);
    await expectTold(line);
  });

  test("is being written", async () => {
    const file = join(directory, "written");
    await copyFile(await probe(), file);
    await chmod(file, 0o755);
    await writeFile(join(directory, "termination"), "");
    const script = 'exec 9>>"$1"; shift; exec "$@"';
    const argv = ["/bin/sh", "-c", script, "sh", file, await piggyEnv(), "--", file];
    const outcome = await runArgv(argv, own());
    expect(outcome).toMatchObject({ exitCode: 126, stdout: "" });
    expect(onlyLine(outcome).message).toContain("open for writing");
    await expectTold(onlyLine(outcome));
  });
});

describe("one string of 128 KiB", () => {
  // With its name, the = and the NUL.
  test("less than a byte more is taken", async () => {
    value = "x".repeat(LONGEST - "LONG==".length);
    const outcome = await run(["--", await probe()], { ...own(), LONG: "piggy:KEY" });
    expect(outcome.stderr).toBe("");
    expect(outcome.started().environment).toEqual([`LONG=${value}`]);
  });

  test("and a byte is named by its variable, its length and the limit", async () => {
    value = "x".repeat(LONGEST - "LONG==".length + 1);
    await writeFile(join(directory, "termination"), "");
    const outcome = await run(["--", await probe()], { ...own(), LONG: "piggy:KEY", SHORT: "1" });
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    const line = onlyLine(outcome);
    expect(line.code).toBe("exec_failed");
    expect(line.message).toContain(": variable LONG has 131073 bytes; the kernel takes at most 131072 bytes");
    expect(line.message).toContain("E2BIG");
    expect(line.message).not.toContain("xxx");
    expect(line.message).not.toContain("SHORT");
    await expectTold(line);
  });

  test("and more in an argument that was expanded is named by its position", async () => {
    value = "x".repeat(LONGEST - "LONG==".length);
    const environment = { ...own(), LONG: "piggy:KEY", PIGGY_EXPAND: '{"argv":[2],"names":["LONG"]}' };
    const outcome = await run(["--", await probe(), "a", "$(LONG)-and-more"], environment);
    expect(outcome.exitCode).toBe(125);
    expect(onlyLine(outcome).message).toContain(": argument 2 has 131076 bytes; ");
  });

  test("is named for each, and a count of the rest", async () => {
    value = "x".repeat(LONGEST);
    const names = ["AA", "B", "C.C", "D", "E"];
    const references = Object.fromEntries(names.map((name) => [name, "piggy:KEY"]));
    const { message } = onlyLine(await run(["--", await probe()], { ...own(), ...references }));
    expect(message).toContain(
      'variable "C.C" has 131077 bytes, variable AA has 131076 bytes, variable B has',
    );
    expect(message).toContain(", and 2 more; ");
  });
});

describe("all strings together", () => {
  /** Variables that resolve to 100,000 bytes each, and one that fills up to `bytes` as the kernel counts them. */
  async function startWith(bytes: number, stack: string) {
    value = "x".repeat(100_000);
    const program = await probe();
    const count = Math.floor(bytes / 100_020);
    const references = Array.from({ length: count }, (_, index) => `V${String(index).padStart(3, "0")}`);
    const fixed =
      2 * (program.length + 1) + 8 + count * (100_000 + "V000==".length + 8) + "FILL==".length + 8;
    const entries = [...references.map((name) => `${name}=piggy:KEY`), `FILL=${"y".repeat(bytes - fixed)}`];
    const ours = Object.entries(own()).map(([name, text]) => `${name}=${text}`);
    await writeFile(join(directory, "termination"), "");
    const arranged = [`limit=3:${stack}`];
    return startIn({ arranged, argv: [await piggyEnv(), "--", program], environment: [...ours, ...entries] });
  }

  const limits: readonly (readonly [what: string, stack: string, limit: number])[] = [
    ["a quarter of the stack's limit", "8388608:8388608", 2 * MIB],
    ["6 MiB at most", `${64 * MIB}:${64 * MIB}`, 6 * MIB],
    ["6 MiB without a limit", "18446744073709551615:18446744073709551615", 6 * MIB],
  ];
  test.each(limits)("are taken up to %s, and no byte more", async (_what, stack, limit) => {
    expect(await startWith(limit, stack)).toMatchObject({ exitCode: 0, stderr: "" });
    const { exitCode, stdout, stderr } = await startWith(limit + 1, stack);
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
    const line: LogLine = JSON.parse(stderr);
    expect(line.code).toBe("exec_failed");
    expect(line.message).toContain(`take ${limit + 1} bytes together`);
    expect(line.message).toContain(`takes at most ${limit}`);
    expect(line.message).toMatch(/The longest: variable \w+ has 1\d{5} bytes, .*, and \d+ more \(E2BIG\)$/);
    expect(line.message).not.toMatch(/xxx|yyy/);
    await expectTold(line);
  });
});

describe("what the application is to have does not keep the reason from being told", () => {
  test("no more files to be opened", async () => {
    value = "x".repeat(LONGEST);
    await writeFile(join(directory, "termination"), "");
    const entries = Object.entries({ ...own(), A: "piggy:KEY" });
    const ended = await startIn({
      arranged: ["limit=7:4:300"],
      argv: [await piggyEnv(), "--", await probe()],
      environment: entries.map(([name, text]) => `${name}=${text}`),
    });
    expect(ended).toMatchObject({ exitCode: 125, stdout: "" });
    const line: LogLine = JSON.parse(ended.stderr);
    expect(line.message).toContain("variable A has");
    await expectTold(line);
  });

  test("nobody at the other end of stderr", async () => {
    value = "x".repeat(LONGEST);
    await writeFile(join(directory, "termination"), "");
    // The reader has ended when piggy-env begins: until then somebody else writes.
    const script = 'exec 4>&1; { (while echo; do :; done) 2>/dev/null; "$@" 2>&1; echo "$?" >&4; } | true';
    const argv = ["/bin/sh", "-c", script, "sh"];
    const outcome = await runArgv([...argv, await piggyEnv(), "--", await probe()], {
      ...own(),
      A: "piggy:KEY",
      PATH: "/bin:/usr/bin",
    });
    expect(outcome.stdout).toBe("125\n");
    expect(await Bun.file(join(directory, "termination")).text()).toContain("variable A has");
  });
});

test.each([
  ["a NUL byte", "\0"],
  ["half of a surrogate pair", "\ud800"],
])("a value with %s is no variable's, and is told by variable, reference and secret", async (what, held) => {
  value = `before${held}after`;
  await writeFile(join(directory, "termination"), "");
  const outcome = await run(["--", await probe()], {
    ...own(),
    A: "piggy:KEY",
    PIGGY_AWS_SECRET_NAME: "demo/app",
  });
  expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
  const line = onlyLine(outcome);
  expect(line.code).toBe("reference_unresolved");
  expect(line.message).toStartWith('A: "piggy:KEY" is unresolved: the value of key "KEY" of ');
  expect(line.message).toContain("demo/app");
  expect(line.message).toContain(`holds ${what}`);
  expect(line.message).not.toMatch(/before|after/);
  await expectTold(line);
});
