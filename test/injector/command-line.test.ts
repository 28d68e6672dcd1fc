import { describe, expect, test } from "bun:test";
import { onlyLine, probe, run } from "./piggy-env.ts";

describe("piggy-env ends with 125 and one JSON line that says how it is used", () => {
  const cases: readonly (readonly [when: string, parameters: readonly string[]])[] = [
    ["without arguments", []],
    ["without a --", ["/bin/true"]],
    ["without a command behind the --", ["--"]],
    ["with an option that it does not know", ["--verbose", "--", "/bin/true"]],
    ["with a stray word before the --", ["stray", "--", "/bin/true"]],
    ["with --retry and no value", ["--retry", "--", "/bin/true"]],
    ["with --initial-delay and no value", ["--initial-delay", "--", "/bin/true"]],
    ["with install and no directory", ["install"]],
    ["with install and an empty directory", ["install", ""]],
    ["with install and two directories", ["install", "/tmp", "/tmp"]],
  ];
  test.each(cases)("%s", async (_when, parameters) => {
    const outcome = await run(parameters);
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    const line = onlyLine(outcome);
    expect(line).toMatchObject({ level: "fatal", code: "usage" });
    expect(line.message).toContain("piggy-env --help");
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });
});

describe("what follows the first -- is the command's own", () => {
  const cases: readonly (readonly string[])[] = [
    ["--", "--retry", "x"],
    ["install", "/nowhere"],
    ["--standalone"],
    ["--", ""],
  ];
  test.each(cases.map((parameters) => [parameters]))("%j", async (parameters) => {
    const outcome = await run(["--", await probe(), ...parameters]);
    expect(outcome.started().argv).toEqual([await probe(), ...parameters]);
  });

  test("a command called install is a command", async () => {
    const { exitCode, log } = await run(["--", "install-nothing"], { PATH: "/bin" });
    expect(exitCode).toBe(127);
    expect(log()).toMatchObject([{ code: "command_not_found" }]);
  });
});

test("options may have their value attached", async () => {
  const { exitCode, stderr } = await run(["--retry=2", "--initial-delay=1ms", "--", await probe()]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

describe("a value that cannot be read is warned of and taken as the default", () => {
  const cases = [
    ["PIGGY_NUMBER_OF_RETRY", "-1", "0"],
    ["PIGGY_NUMBER_OF_RETRY", "many", "0"],
    ["PIGGY_INITIAL_DELAY", "5", "0"],
    ["PIGGY_INITIAL_DELAY", "-5s", "0"],
    ["PIGGY_IGNORE_NO_ENV", "yes", "false"],
    ["PIGGY_STANDALONE", "on", "false"],
    ["PIGGY_SKIP_VERIFY_TLS", "oui", "false"],
    ["PIGGY_DEBUG", "2", "false"],
  ] as const;
  test.each(cases)("%s=%s counts as %3$s", async (variable, value, otherwise) => {
    const outcome = await run(["--", await probe()], { [variable]: value });
    expect(outcome.exitCode).toBe(0);
    const { level, message } = onlyLine(outcome);
    expect(level).toBe("warn");
    expect(message).toContain(`${variable}: cannot read ${JSON.stringify(value)}, taken as ${otherwise}`);
  });
});
