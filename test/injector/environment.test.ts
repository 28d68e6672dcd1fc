import { describe, expect, test } from "bun:test";
import { piggyEnv } from "../support/programs.ts";
import { probe, run, runExactly } from "./piggy-env.ts";

const everyByte = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).join("");

describe("a container that has nothing to resolve is started exactly as without piggy-env", () => {
  const cases: readonly (readonly [what: string, argv: readonly string[], environment: readonly string[]])[] =
    [
      ["no argument and no variable", [], []],
      ["empty arguments, the last one too", ["", "a", "", ""], []],
      ["arguments of any bytes", [everyByte, "\xff\xfe", "line\nbreak"], []],
      ["notations that only a kubelet expands", ["$(A)", "$$(A)", "$$", "$(", "$A"], ["A=a", "B=$(A)"]],
      ["the order of variables", [], ["Z=1", "A=2", "M=3"]],
      ["a name that stands twice", [], ["A=first", "B=b", "A=second", "A=first"]],
      ["values of any bytes", [], [`ALL=${everyByte}`, "LATIN=\xe9", "CUT=\xe2\x82"]],
      ["names of any bytes", [], ["\xff=1", "with space=2", "a.b-c=3", "\n=4"]],
      ["empty values", [], ["EMPTY=", "B=b", "LAST="]],
      ["an entry without =", [], ["WITHOUT", "A=a"]],
      ["an entry without a name", [], ["=value", "=", "A=a"]],
      ["an empty entry", [], ["", "A=a", ""]],
      ["a value that holds =", [], ["A==b=c="]],
      [
        "a text that only looks like a reference",
        [],
        ["A= piggy:KEY", "B=piggy", "C=apiggy:KEY", "piggy:KEY=d"],
      ],
      ["a long value", [], [`LONG=${"x".repeat(100_000)}`]],
      [
        "variables that begin as Piggy's do",
        [],
        ["PIGGY_BANK_URL=https://bank", "PIGGY_=x", "PIGGY=y", "piggy_uid=z", "PIGGY_UID2=u", "XPIGGY_UID=v"],
      ],
      [
        "an application's settings of names that the webhook has too",
        [],
        ["AWS_REGION=eu-west-1", "DEBUG=true", "STANDALONE=1", "AWS_SECRET_NAME=mine", "LISTEN_ADDRESS=:1"],
      ],
    ];

  test.each(cases)("%s", async (_what, argv, environment) => {
    const command = [await probe(), ...argv];
    const outcome = await runExactly([await piggyEnv(), "--", ...command], environment);
    expect(outcome.stderr).toBe("");
    const { argv: started, environment: given } = outcome.started();
    expect(started).toEqual(command);
    expect(given).toEqual([...environment]);
  });
});

describe("what the webhook wrote is taken out", () => {
  test("every setting and injected variable, by its exact name, and nothing else", async () => {
    const own = [
      "PIGGY_AWS_SECRET_NAME=demo/app",
      "PIGGY_AWS_SSM_PARAMETER_PATH=/demo",
      "PIGGY_AWS_SECRET_VERSION=AWSCURRENT",
      "PIGGY_AWS_REGION=eu-west-1",
      "PIGGY_ADDRESS=https://webhook",
      "PIGGY_SERVICE=10.0.0.1:443",
      "PIGGY_CA=pem",
      "PIGGY_TOKEN_FILE=/token",
      "PIGGY_POD_NAME=pod",
      "PIGGY_POD_NAMESPACE=ns",
      "PIGGY_UID=0123",
      "PIGGY_EXPAND=",
      "PIGGY_REFERENCES=[]",
      "PIGGY_ALLOWED_SA=ns:sa",
      "PIGGY_DEBUG=false",
      "PIGGY_STANDALONE=false",
      "PIGGY_IGNORE_NO_ENV=false",
      "PIGGY_SKIP_VERIFY_TLS=false",
      "PIGGY_ENFORCE_INTEGRITY=true",
      "PIGGY_DNS_RESOLVER=udp",
      "PIGGY_INITIAL_DELAY=0s",
      "PIGGY_NUMBER_OF_RETRY=0",
      "PIGGY_UID=again",
      "PIGGY_UID",
    ];
    const interleaved = own.flatMap((entry, index) => [entry, `KEPT_${index}=\xff${index}`]);
    const outcome = await runExactly([await piggyEnv(), "--", await probe()], interleaved);
    expect(outcome.stderr).toBe("");
    expect(outcome.started().environment).toEqual(own.map((_, index) => `KEPT_${index}=\xff${index}`));
  });

  test("although the container has references of its own that are ignored", async () => {
    const environment = { PIGGY_IGNORE_NO_ENV: "true", PIGGY_ADDRESS: "http://127.0.0.1:1", A: "piggy:KEY" };
    const outcome = await run(["--", await probe()], environment);
    expect(outcome.started().environment).toEqual(["A=piggy:KEY"]);
  });
});

test("the command's exit code is the container's", async () => {
  expect(await run(["--", await probe()], { PROBE_EXIT: "42" })).toMatchObject({ exitCode: 42 });
});

test("the command has piggy-env's own process id", async () => {
  const child = Bun.spawn([await piggyEnv(), "--", "/bin/sh", "-c", "echo $$"], { env: {}, stdout: "pipe" });
  expect(Number(await child.stdout.text())).toBe(child.pid);
});
