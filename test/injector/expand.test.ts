import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onlyLine, probe, run } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

let directory: string;
let webhook: StubWebhook;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-expand-"));
  await writeFile(join(directory, "token"), "token");
  webhook = startStubWebhook({ answer: () => Response.json({ KEY: "resolved $(PLAIN) $$" }) });
});
afterAll(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});

interface Expansion {
  readonly argv: readonly number[];
  readonly names: readonly string[];
}

const environmentWith = (expand: Expansion | string | undefined) => ({
  SECRET: "piggy:KEY",
  PLAIN: "plain",
  EMPTY: "",
  DOLLAR: "$$(PLAIN)",
  PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
  PIGGY_TOKEN_FILE: join(directory, "token"),
  ...(expand === undefined
    ? {}
    : { PIGGY_EXPAND: typeof expand === "string" ? expand : JSON.stringify(expand) }),
});

async function started(argument: string, expand: Expansion | undefined): Promise<string | undefined> {
  const outcome = await run(["--", await probe(), argument], environmentWith(expand));
  expect(outcome.stderr).toBe("");
  const bytes = outcome.started().argv[1];
  return bytes === undefined ? undefined : Buffer.from(bytes, "latin1").toString("utf8");
}

const all: Expansion = { argv: [1], names: ["SECRET", "PLAIN", "EMPTY", "DOLLAR", "GONE"] };

describe("an element that PIGGY_EXPAND names is expanded as the kubelet would have", () => {
  const cases: readonly (readonly [argument: string, expanded: string])[] = [
    ["$(PLAIN)", "plain"],
    ["--password=$(SECRET)", "--password=resolved $(PLAIN) $$"],
    ["$(PLAIN)$(PLAIN)-$(EMPTY)-", "plainplain--"],
    ["$$(PLAIN)", "$(PLAIN)"],
    ["$$$(PLAIN)", "$plain"],
    ["$$$$(PLAIN)", "$$(PLAIN)"],
    ["$$ $x $ $", "$ $x $ $"],
    ["$(PLAIN", "$(PLAIN"],
    ["$()", "$()"],
    ["$(GONE)", "$(GONE)"],
    ["$(UNLISTED)", "$(UNLISTED)"],
    ["$(DOLLAR)", "$$(PLAIN)"],
    ["$(PLAIN $(PLAIN))", "$(PLAIN $(PLAIN))"],
    ["ключ $(PLAIN)", "ключ plain"],
  ];
  test.each(cases)("%s becomes %s", async (argument, expanded) => {
    expect(await started(argument, all)).toBe(expanded);
  });
});

test("only the elements that it names are", async () => {
  const expand = { argv: [2], names: ["PLAIN"] };
  const outcome = await run(["--", await probe(), "$(PLAIN)", "$(PLAIN)", "$$"], environmentWith(expand));
  expect(outcome.started().argv.slice(1)).toEqual(["$(PLAIN)", "plain", "$$"]);
});

test("only the names that the kubelet would have known are", async () => {
  expect(await started("$(PLAIN) $(SECRET)", { argv: [1], names: ["SECRET"] })).toBe(
    "$(PLAIN) resolved $(PLAIN) $$",
  );
});

test.each(["$(PLAIN)", "$$(PLAIN)", "$$"])("without PIGGY_EXPAND %s stays as it is", async (argument) => {
  expect(await started(argument, undefined)).toBe(argument);
});

test("the command itself may hold a variable", async () => {
  const program = await probe();
  const environment = { ...environmentWith({ argv: [0], names: ["BIN"] }), BIN: dirname(program) };
  const outcome = await run(["--", "$(BIN)/probe"], environment);
  expect(outcome.started().argv).toEqual([program]);
});

test("a command that expands to nothing that can be run ends with 127", async () => {
  const outcome = await run(["--", "$(PLAIN)/probe"], environmentWith({ argv: [0], names: ["PLAIN"] }));
  expect(outcome).toMatchObject({ exitCode: 127, stdout: "" });
  expect(onlyLine(outcome).code).toBe("command_not_found");
});

test.each(["{", "[]", '{"argv":[0]}', '{"argv":"0","names":[]}', '{"argv":[1],"names":{}}'])(
  "a PIGGY_EXPAND of %s ends with 125",
  async (expand) => {
    const outcome = await run(["--", await probe()], environmentWith(expand));
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    expect(onlyLine(outcome).message).toContain("PIGGY_EXPAND");
  },
);
