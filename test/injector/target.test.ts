import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { piggyEnv } from "../support/programs.ts";
import { onlyLine, probe, run, runExactly } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

let directory: string;
let webhook: StubWebhook;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-target-"));
  webhook = startStubWebhook({ answer: () => Response.json({ KEY: "value" }) });
  await Promise.all(
    ["first", "second", "texts", "folder/called"].map((name) =>
      mkdir(join(directory, name), { recursive: true }),
    ),
  );
  await writeFile(join(directory, "token"), "token");
  await writeFile(join(directory, "plain"), "not a program");
  await writeFile(join(directory, "empty"), "");
  await writeFile(join(directory, "text"), "neither a program nor a script\n");
  await writeFile(join(directory, "orphan"), "#!/nowhere/interpreter\n");
  await writeFile(join(directory, "script"), '#!/bin/sh\necho "script $1"\n');
  await writeFile(join(directory, "texts", "tool"), "neither a program nor a script\n", { mode: 0o755 });
  await Promise.all(["empty", "text", "orphan", "script"].map((name) => chmod(join(directory, name), 0o755)));
  await symlink("round", join(directory, "round"));
  await symlink("absent", join(directory, "dangling"));
  await writeFile(join(directory, "first", "tool"), "not executable");
  await copyFile(await probe(), join(directory, "second", "tool"));
  await copyFile(await probe(), join(directory, "tool"));
});
afterAll(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});

/** A container with a reference, so that whoever may be asked would be. */
const environmentWith = (path?: string) => ({
  A: "piggy:KEY",
  PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
  PIGGY_TOKEN_FILE: join(directory, "token"),
  ...(path === undefined ? {} : { PATH: path }),
});

interface Refusal {
  readonly command: string;
  readonly path?: string;
  readonly says: string;
}

const notFound: readonly (readonly [what: string, refusal: Refusal])[] = [
  ["an absolute path that leads nowhere", { command: "/nowhere/at/all", says: "/nowhere/at/all" }],
  ["a relative path that leads nowhere", { command: "./nothing", says: "./nothing" }],
  ["a path through a file", { command: "plain/tool", says: "plain/tool" }],
  ["a dangling link", { command: "./dangling", says: "dangling" }],
  ["a name that is in no directory of PATH", { command: "no-such-tool", path: "first:second", says: "PATH" }],
  ["a name that is only in the working directory", { command: "tool", path: "/bin", says: "PATH" }],
  [
    "a name with a PATH of files and absent directories",
    { command: "x", path: "plain:/nowhere", says: "PATH" },
  ],
  ["a script whose interpreter is not there", { command: "./orphan", says: "/nowhere/interpreter" }],
  ["an empty command", { command: "", path: "second", says: '""' }],
];

const notExecutable: readonly (readonly [what: string, refusal: Refusal])[] = [
  ["a file without the right to execute it", { command: "./plain", says: "plain" }],
  ["a directory", { command: "./folder", says: "folder" }],
  ["an empty file, which no shell is given", { command: "./empty", says: "is empty" }],
  ["a text, which no shell is given", { command: "./text", says: "is no program" }],
  [
    "a name that stands for a text first in PATH",
    { command: "tool", path: "texts:second", says: "texts/tool" },
  ],
  [
    "a name whose only file in PATH is not executable",
    { command: "tool", path: "first", says: "first/tool" },
  ],
  [
    "a name whose only file in PATH is a directory",
    { command: "called", path: "folder", says: "folder/called" },
  ],
];

describe("a command that cannot be run ends the container before anybody is asked for a secret", () => {
  const cases = [
    ...notFound.map(([what, refusal]) => [127, what, refusal, "command_not_found"] as const),
    ...notExecutable.map(([what, refusal]) => [126, what, refusal, "command_not_executable"] as const),
  ];
  test.each(cases)("%i for %s", async (exitCode, _what, { command, path, says }, code) => {
    const before = webhook.requests.length;
    const outcome = await run(["--", command], environmentWith(path), { cwd: directory });
    expect(outcome).toMatchObject({ exitCode, stdout: "" });
    const line = onlyLine(outcome);
    expect(line).toMatchObject({ level: "fatal", code });
    expect(line.message).toContain(says);
    expect(webhook.requests.length).toBe(before);
  });
});

test("a link that leads to itself is a command that cannot be run", async () => {
  const outcome = await run(["--", "./round"], {}, { cwd: directory });
  expect(outcome.exitCode).toBe(126);
  expect(onlyLine(outcome).code).toBe("command_not_executable");
});

describe("a command is found", () => {
  const found: readonly (readonly [what: string, command: string, path: string | undefined, cwd: string])[] =
    [
      ["by a path relative to the working directory", "./tool", undefined, ""],
      ["by a path with a slash within, whatever PATH is", "second/tool", "/bin", ""],
      ["by name in a directory of PATH", "tool", "/nowhere:SECOND", ""],
      ["behind a file of that name that is not executable", "tool", "FIRST:SECOND", ""],
      ["behind an element of PATH that cannot be searched", "tool", "round:plain:SECOND", ""],
      ["by name in a relative directory of PATH", "tool", "second", ""],
      ["in the working directory for an empty element of PATH", "tool", "", "second"],
      ["in the working directory for an empty first element", "tool", ":/nowhere", "second"],
      ["in the working directory for an empty last element", "tool", "/nowhere:", "second"],
      ["in the working directory for an empty element within", "tool", "/nowhere::/bin", "second"],
    ];
  test.each(found)("%s", async (_what, command, path, cwd) => {
    const given = path
      ?.replace("FIRST", join(directory, "first"))
      .replace("SECOND", join(directory, "second"));
    const environment = given === undefined ? {} : { PATH: given };
    const outcome = await run(["--", command, "argument"], environment, { cwd: join(directory, cwd) });
    expect(outcome.stderr).toBe("");
    // argv[0] stays what was written, not what was found.
    expect(outcome.started().argv).toEqual([command, "argument"]);
  });

  test("without PATH where the C library would look", async () => {
    expect(await run(["--", "echo", "found"])).toMatchObject({ exitCode: 0, stdout: "found\n" });
  });

  test("as a script, by its interpreter", async () => {
    const outcome = await run(["--", "./script", "runs"], {}, { cwd: directory });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: "script runs\n" });
  });

  test("in a PATH that a secret says, and not before", async () => {
    const secret = startStubWebhook({ answer: () => Response.json({ KEY: join(directory, "second") }) });
    try {
      const environment = {
        ...environmentWith("piggy:KEY"),
        PIGGY_ADDRESS: `http://127.0.0.1:${secret.port}`,
      };
      const outcome = await run(["--", "tool"], environment);
      expect(outcome.stderr).toBe("");
      expect(outcome.started().argv).toEqual(["tool"]);
    } finally {
      await secret.stop();
    }
  });

  test.each([
    ["where it stands twice", [], ["PATH=/nowhere"]],
    ["that has a value", ["PATH"], []],
  ])("by the first PATH %s", async (_what, before, behind) => {
    const environment = [...before, `PATH=${join(directory, "second")}`, ...behind];
    const outcome = await runExactly([await piggyEnv(), "--", "tool"], environment);
    expect(outcome.started().environment).toEqual(environment);
  });
});
