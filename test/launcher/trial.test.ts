/** `piggy-env try FILE`: the kernel's own word on a file, before its first instruction. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runArgv } from "../injector/piggy-env.ts";
import { compiledC, piggyEnv } from "../support/programs.ts";

const UNTRACEABLE = fileURLToPath(new URL("../fixtures/untraceable.c", import.meta.url));

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-trial-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function tried(content: string, mode = 0o755, front: readonly string[] = []) {
  const file = join(directory, "file");
  await rm(file, { force: true });
  await writeFile(file, content, { mode });
  const { exitCode, stdout, stderr } = await runArgv(
    [...front, await piggyEnv(), "try", file],
    {},
    { cwd: directory },
  );
  // Both come to an end when whatever was begun has ended: it would have them too.
  expect(stdout + stderr).toBe("");
  return exitCode;
}

test("0 for what it executes, of which nothing runs", async () => {
  expect(await tried("#!/bin/sh\n: > ran\n")).toBe(0);
  expect(existsSync(join(directory, "ran"))).toBe(false);
});

test("its errno for what it does not", async () => {
  expect(await tried("#!/nowhere/sh\n")).toBe(2);
  expect(await tried("a text\n")).toBe(8);
  expect(await tried("#!/bin/sh\n", 0o644)).toBe(13);
});

test("255 where it cannot be asked, and nothing runs either", async () => {
  const front = [await compiledC(UNTRACEABLE, "untraceable")];
  expect(await tried("#!/bin/sh\n: > ran\n", 0o755, front)).toBe(255);
  expect(await tried("a text\n", 0o755, front)).toBe(255);
  expect(existsSync(join(directory, "ran"))).toBe(false);
});
