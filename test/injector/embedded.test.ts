/** References within a value: what the application finds, and when it is not started. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onlyLine, probe, run } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

let directory: string;
let webhook: StubWebhook;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-embedded-"));
  await writeFile(join(directory, "token"), "token");
  webhook = startStubWebhook({
    answer: () =>
      Response.json({
        A: "a-value",
        B: "ü\u{1f511}",
        TEXT: `\${piggy:A}`,
        NUL: "cut\0off",
        HALF: "cut\ud800",
      }),
  });
});
afterAll(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});

const start = async (environment: Readonly<Record<string, string>>) =>
  run(["--", await probe()], {
    PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
    PIGGY_TOKEN_FILE: join(directory, "token"),
    ...environment,
  });

describe("a value with references in it", () => {
  test.each([
    [`pg://u:\${piggy:A}@db`, "pg://u:a-value@db"],
    [`\${piggy:A}\${piggy:B}-\${piggy:A}`, "a-valueü\u{1f511}-a-value"],
    [`ä \${piggy:A} ä`, "ä a-value ä"],
    [`\${piggy:GONE:-default}`, "default"],
    [`<\${piggy:GONE:-}>`, "<>"],
    [`\${piggy:A:-default}`, "a-value"],
    [`$\${piggy:A}`, `\${piggy:A}`],
    [`\${piggy:TEXT}`, `\${piggy:A}`],
    [`\${piggy:A`, `\${piggy:A`],
    [`\${PIGGY:A}`, `\${PIGGY:A}`],
  ])("%s becomes %s", async (value, expected) => {
    const outcome = await start({ VALUE: value });
    expect(outcome.stderr).toBe("");
    expect(outcome.started().variable("VALUE")).toBe(expected);
  });

  test("has each key asked for once", async () => {
    const before = webhook.requests.length;
    await start({ V: `\${piggy:A}\${piggy:A:-x}\${piggy:B}`, W: "piggy:A" });
    const bodies = webhook.requests.slice(before).map(({ body }) => JSON.parse(body).references);
    expect(bodies).toEqual([["A", "B"]]);
  });

  test.each(["GONE", "NUL", "HALF"])(
    "is not started with when %s is unresolved, and no value is told",
    async (key) => {
      const outcome = await start({ VALUE: `\${piggy:A}-\${piggy:${key}}` });
      expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
      const { code, message } = onlyLine(outcome);
      expect(code).toBe("reference_unresolved");
      expect(message).toContain(`VALUE: "piggy:${key}" is unresolved`);
      expect(message).not.toMatch(/a-value|cut/);
    },
  );

  test("has a default for a missing key, not for a look-up that failed", async () => {
    const gone = { PIGGY_ADDRESS: "http://127.0.0.1:1", VALUE: `\${piggy:GONE:-default}` };
    expect(await start(gone)).toMatchObject({ exitCode: 125, stdout: "" });
    const ignored = await start({ ...gone, PIGGY_IGNORE_NO_ENV: "true" });
    expect(ignored.started().variable("VALUE")).toBe(gone.VALUE);
  });
});
