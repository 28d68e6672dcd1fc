/** References to secrets and parameters of their own, as the application finds them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type Outcome, onlyLine, probe, run } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

const REGION = "eu-west-1";
const VALUE = "the-value-itself";
const USER = { accessKeyId: "AKIACONTAINER", secretAccessKey: "container/secret+key" };

type Environment = Readonly<Record<string, string | undefined>>;

/** The container did not start, and one line says why, without a value. */
function expectRefused(outcome: Outcome, code: string, ...says: readonly string[]): void {
  expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
  const line = onlyLine(outcome);
  expect(line).toMatchObject({ level: "fatal", code });
  for (const text of says) expect(line.message).toContain(text);
  expect(line.message).not.toContain(VALUE);
}

describe("in standalone mode", () => {
  let aws: AwsFake;
  beforeEach(async () => {
    aws = await startAws();
    aws.addUser(USER);
    aws.putSecret({
      region: REGION,
      name: "own/json",
      value: `{"a":"${VALUE}","n":1.10,"l":["x"],"nul":"a\\u0000"}`,
    });
    aws.putParameter({ region: REGION, name: "/own/KEY", value: VALUE, type: "SecureString" });
  });
  afterEach(() => aws.stop());

  const start = async (environment: Environment) =>
    run(["--", await probe()], {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: USER.accessKeyId,
      AWS_SECRET_ACCESS_KEY: USER.secretAccessKey,
      PIGGY_STANDALONE: "true",
      PIGGY_AWS_REGION: REGION,
      ...environment,
    });

  async function variableOf(reference: string, environment: Environment = {}): Promise<string | undefined> {
    const outcome = await start({ V: reference, ...environment });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    return outcome.started().variable("V");
  }

  test("a secret's pointer, its whole, a parameter and a default stand in one value", async () => {
    aws.putSecret({ region: REGION, name: "own/text", value: "text" });
    const value = `\${piggy://sm/own/json#/n}|\${piggy://sm/own/json#/l/0}|\${piggy://sm/own/text}|\${piggy://ssm/own/KEY}`;
    expect(await variableOf(`${value}|\${piggy://sm/own/json#/none:-d}`)).toBe(`1.10|x|text|${VALUE}|d`);
    const inputs = aws.requests.map(({ input }) => JSON.stringify(input)).sort();
    expect(inputs).toEqual([
      '{"Name":"/own/KEY","WithDecryption":true}',
      '{"SecretId":"own/json"}',
      '{"SecretId":"own/text"}',
    ]);
  });

  test("a binary secret is its text, or base64 of its bytes", async () => {
    aws.putSecret({ region: REGION, name: "own/bytes", value: new TextEncoder().encode("bytes") });
    expect(await variableOf("piggy://sm/own/bytes")).toBe("bytes");
    aws.putSecret({ region: REGION, name: "own/bytes", value: Uint8Array.of(255, 0) });
    expect(await variableOf("piggy://sm/own/bytes?encoding=base64")).toBe("/wA=");
  });

  test("versions, stages and labels are read as they are named", async () => {
    const first = aws.putSecret({ region: REGION, name: "own/v", value: "1" });
    aws.putSecret({ region: REGION, name: "own/v", value: "2" });
    aws.putParameter({ region: REGION, name: "/own/KEY", value: "second" });
    aws.labelParameter({ region: REGION, name: "/own/KEY", version: 1, label: "stable" });
    expect(await variableOf("piggy://sm/own/v?stage=AWSPREVIOUS")).toBe("1");
    expect(await variableOf(`piggy://sm/own/v?version=${first.versionId}`)).toBe("1");
    expect(await variableOf("piggy://ssm/own/KEY?version=2")).toBe("second");
    expect(await variableOf("piggy://ssm/own/KEY?label=stable")).toBe(VALUE);
  });

  test("an entry is in the region of its ARN, of its own, or of the container", async () => {
    const there = "us-gov-west-1";
    const { arn } = aws.putSecret({ region: there, name: "own/far", value: "far" });
    const environment = { PIGGY_AWS_REGION: undefined, AWS_REGION: undefined };
    expect(await variableOf(`piggy://sm/${arn}`, environment)).toBe("far");
    expect(await variableOf(`piggy://sm/own/far?region=${there}`, environment)).toBe("far");
    expect(await variableOf("piggy://sm/own/far", { ...environment, AWS_REGION: there })).toBe("far");
  });

  test("the container's own secret is read for its own keys, and not otherwise", async () => {
    await variableOf("piggy://ssm/own/KEY", { PIGGY_AWS_SECRET_NAME: "own/is-not-there" });
    expect(aws.requests.map(({ action }) => action)).toEqual(["GetParameter"]);
    const environment = { B: "piggy:a", PIGGY_AWS_SECRET_NAME: "own/json" };
    const outcome = await start({ V: "piggy://ssm/own/KEY", ...environment });
    expect(outcome.started().variable("B")).toBe(VALUE);
  });

  test("thirty entries are read side by side, by one identity", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `K${index}`);
    for (const name of names)
      aws.putParameter({ region: REGION, name: `/many/${name}`, value: `of ${name}` });
    const outcome = await start(Object.fromEntries(names.map((name) => [name, `piggy://ssm/many/${name}`])));
    expect(outcome.stderr).toBe("");
    expect(names.map(outcome.started().variable)).toEqual(names.map((name) => `of ${name}`));
    expect(aws.requests).toHaveLength(30);
  });

  test("the identity is asked for once, in the container's own region", async () => {
    const asked: string[] = [];
    const proxy = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, bytes) {
          asked.push(bytes.toString().split(" ", 2).join(" "));
          socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        },
      },
    });
    const directory = await mkdtemp(join(tmpdir(), "piggy-identity-"));
    try {
      await writeFile(join(directory, "token"), "token");
      const outcome = await start({
        AWS_ENDPOINT_URL: undefined,
        AWS_ACCESS_KEY_ID: undefined,
        AWS_SECRET_ACCESS_KEY: undefined,
        AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/app",
        AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, "token"),
        HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
        A: "piggy://sm/far?region=us-east-1",
        B: "piggy://ssm/far?region=us-east-2",
      });
      expectRefused(outcome, "aws_unavailable", "A: ", "Unresolved too: B.");
      expect(asked).toEqual([`CONNECT sts.${REGION}.amazonaws.com:443`]);
    } finally {
      proxy.stop(true);
      await rm(directory, { recursive: true });
    }
  });

  test.each<[string, string, string, string, () => void]>([
    [
      "is not there",
      "piggy://sm/own/none",
      "secret_not_found",
      `secret own/none in ${REGION}: ResourceNotFound`,
      () => {},
    ],
    [
      "has nothing at the pointer",
      "piggy://sm/own/json#/b",
      "reference_unresolved",
      'has no value at "/b"',
      () => {},
    ],
    [
      "has another key",
      "piggy://sm/own/json#/NULL",
      "reference_unresolved",
      'has no value at "/NULL": the nearest is "nul".',
      () => {},
    ],
    [
      "is no JSON",
      "piggy://sm/own/text#/b",
      "secret_not_keyed",
      "is not JSON",
      () => {
        aws.putSecret({ region: REGION, name: "own/text", value: VALUE });
      },
    ],
    [
      "is no text",
      "piggy://sm/own/bytes",
      "secret_not_text",
      "?encoding=base64",
      () => {
        aws.putSecret({ region: REGION, name: "own/bytes", value: Uint8Array.of(255) });
      },
    ],
    [
      "has a NUL byte",
      "piggy://sm/own/json#/nul",
      "reference_unresolved",
      "the value of it holds a NUL byte",
      () => {},
    ],
    [
      "may not be read",
      "piggy://ssm/own/KEY",
      "aws_access_denied",
      "ssm:GetParameter",
      () => {
        aws.addUser({ ...USER, allow: [{ action: "secretsmanager:GetSecretValue", resource: "*" }] });
      },
    ],
    [
      "has no such version",
      "piggy://ssm/own/KEY?version=9",
      "secret_not_found",
      "version 9 of /own/KEY",
      () => {},
    ],
    ["is in no region", "piggy://ssm/own/KEY?region=localhost", "reference_invalid", "localhost", () => {}],
    ["is malformed", "piggy://sm/own/json?stage=", "reference_invalid", "stage=", () => {}],
  ])("the container does not start when an entry %s", async (_what, reference, code, says, arrange) => {
    arrange();
    const outcome = await start({ GOOD: "piggy://sm/own/json#/n", V: reference });
    expectRefused(outcome, code, `V: ${JSON.stringify(reference)} is unresolved: `, says);
  });

  test("its own failure is told of each reference, the container's secret's of its own keys", async () => {
    const environment = { A: "piggy://sm/own/none", B: "piggy:key", PIGGY_AWS_SECRET_NAME: "own/gone" };
    expectRefused(
      await start(environment),
      "secret_not_found",
      'A: "piggy://sm/own/none"',
      "secret own/none",
    );
    const reversed = { ...environment, A: "piggy:key", B: "piggy://sm/own/none" };
    expectRefused(await start(reversed), "secret_not_found", 'A: "piggy:key"', "secret own/gone", "too: B.");
    const elsewhere = "piggy://sm/own/none?region=us-east-2";
    const says = ["secret own/none in us-east-2", ": its region by the reference."];
    expectRefused(await start({ A: elsewhere }), "secret_not_found", ...says);
  });

  test("a default does not stand for what may not be read", async () => {
    aws.addUser({ ...USER, allow: [{ action: "secretsmanager:GetSecretValue", resource: "*" }] });
    const defaulted = `\${piggy://ssm/own/KEY:-default}`;
    expectRefused(await start({ V: defaulted }), "aws_access_denied", "V: ", "ssm:GetParameter");
  });

  test("an entry that AWS throttled is asked for again, and a default does not stand for it", async () => {
    aws.failNext({ action: "GetParameter", times: 2, status: 400, code: "ThrottlingException" });
    const environment = { V: `\${piggy://ssm/own/KEY:-default}`, PIGGY_DEADLINE: "30s" };
    const outcome = await start(environment);
    expect(outcome.started().variable("V")).toBe(VALUE);
    expect(outcome.log()).toMatchObject([{ level: "warn" }, { level: "warn" }]);
    expect(outcome.stderr).toContain("ThrottlingException");
  });

  test("what will not heal ends the wait for what could", async () => {
    aws.failNext({ action: "GetParameter", times: 1, status: 400, code: "ThrottlingException" });
    aws.addUser({ ...USER, allow: [{ action: "ssm:GetParameter", resource: "*" }] });
    const environment = { A: "piggy://ssm/own/KEY", B: "piggy://sm/own/json", PIGGY_DEADLINE: "30s" };
    expectRefused(await start(environment), "aws_throttled", "A: ", "Unresolved too: B.");
    expect(aws.requests).toHaveLength(2);
  });

  test("with PIGGY_IGNORE_NO_ENV what was read is given, and the rest is as it was", async () => {
    const outcome = await start({
      A: "piggy://sm/own/none",
      B: "piggy://ssm/own/KEY",
      PIGGY_IGNORE_NO_ENV: "true",
    });
    const { variable } = outcome.started();
    expect([variable("A"), variable("B")]).toEqual(["piggy://sm/own/none", VALUE]);
    expect(onlyLine(outcome)).toMatchObject({ level: "warn", code: "secret_not_found" });
  });
});

describe("in proxy mode", () => {
  const RED = "//sm/red#/a";
  const BLUE = "//ssm/blue";

  let directory: string;
  let webhook: StubWebhook;
  let answers: readonly { readonly values?: object; readonly reasons?: unknown }[];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "piggy-entries-"));
    await writeFile(join(directory, "token"), "token");
    let asked = 0;
    webhook = startStubWebhook({
      answer: () => {
        const { values = {}, reasons } = answers[Math.min(asked, answers.length - 1)] ?? {};
        asked = (asked + 1) % answers.length;
        if (reasons === undefined) return Response.json(values);
        const text = typeof reasons === "string" ? reasons : encoded(reasons);
        return Response.json(values, { headers: { "X-Piggy-Unresolved": text } });
      },
    });
  });
  afterAll(async () => {
    await webhook.stop();
    await rm(directory, { recursive: true });
  });

  const encoded = (reasons: unknown) => Buffer.from(JSON.stringify(reasons)).toString("base64url");

  const start = async (environment: Environment) =>
    run(["--", await probe()], {
      PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
      PIGGY_TOKEN_FILE: join(directory, "token"),
      ...environment,
    });

  test("an entry is asked for by what follows piggy:, and found by it", async () => {
    answers = [{ values: { [RED]: VALUE, [BLUE]: "b", key: "k" } }];
    const before = webhook.requests.length;
    const outcome = await start({ V: `\${piggy:${RED}}-\${piggy:${BLUE}}-\${piggy:key}` });
    expect(outcome.started().variable("V")).toBe(`${VALUE}-b-k`);
    const [request] = webhook.requests.slice(before);
    expect(JSON.parse(request?.body ?? "").references).toEqual([RED, BLUE, "key"]);
  });

  test.each([
    ["aws_access_denied", "parameter blue: ключ denied"],
    ["secret_not_found", "parameter blue: gone"],
    ["reference_invalid", "a typing error"],
  ])("the container does not start, and says what piggy-webhooks says: %s", async (code, message) => {
    answers = [{ values: { [RED]: VALUE }, reasons: { [BLUE]: { code, message } } }];
    const outcome = await start({ A: `piggy:${RED}`, B: `piggy:${BLUE}` });
    expectRefused(outcome, code, `B: "piggy:${BLUE}" is unresolved: ${message}`);
  });

  test("a default stands for what is not there, by the reason's code, and it is not asked again", async () => {
    const environment = { V: `\${piggy:${BLUE}:-default}`, PIGGY_NUMBER_OF_RETRY: "1" };
    for (const code of ["secret_not_found", "reference_unresolved"]) {
      answers = [{ reasons: { [BLUE]: { code, message: "none" } } }];
      const before = webhook.requests.length;
      const outcome = await start(environment);
      expect([outcome.started().variable("V"), outcome.stderr]).toEqual(["default", ""]);
      expect(webhook.requests.length - before).toBe(1);
    }
    answers = [{ reasons: { [BLUE]: { code: "aws_access_denied", message: "denied" } } }];
    const outcome = await start({ ...environment, PIGGY_NUMBER_OF_RETRY: undefined });
    expectRefused(outcome, "aws_access_denied", "denied");
  });

  test("a default stands for what there was no room to tell of, where that is not there", async () => {
    const environment = { V: `\${piggy:${BLUE}:-default}`, W: `\${piggy:${RED}:-other}` };
    const gone = { code: "secret_not_found", message: "gone" };
    answers = [{ reasons: { [RED]: gone, "//": { code: "reference_unresolved", message: "none" } } }];
    const { variable } = (await start(environment)).started();
    expect([variable("V"), variable("W")]).toEqual(["default", "other"]);
    answers = [{ reasons: { [RED]: gone } }];
    expectRefused(await start(environment), "webhook_refused", "V: ", "its log says why");
  });

  test("a default does not stand for a key of the Pod's secret either that there was no room to tell of", async () => {
    const environment = { V: `\${piggy:key:-default}`, W: `\${piggy:${RED}}` };
    const denied = { code: "aws_access_denied", message: "denied" };
    answers = [{ values: { [RED]: VALUE }, reasons: { other: denied } }];
    expectRefused(await start(environment), "webhook_refused", "V: ", "its log says why");
    const others = { code: "reference_unresolved", message: "none" };
    answers = [{ values: { [RED]: VALUE }, reasons: { other: denied, "//": others } }];
    expect((await start(environment)).started().variable("V")).toBe("default");
  });

  test.each([
    "",
    "%",
    "e30",
    "bnVsbA",
    "W10",
    encoded({ [BLUE]: 1 }),
    encoded({ [BLUE]: { code: "constructor", message: "x" } }),
  ])("the container does not start by a reason that cannot be read: %j", async (reasons) => {
    answers = [{ reasons }];
    const outcome = await start({ V: `\${piggy:${BLUE}:-default}` });
    expectRefused(outcome, "webhook_refused", "its log says why");
  });

  test.each(["aws_throttled", "aws_unavailable", "overloaded"])(
    "what can heal is asked for again: %s",
    async (code) => {
      const passing = { [BLUE]: { code, message: "parameter blue: not now" } };
      answers = [{ reasons: passing }, { reasons: passing }, { values: { [BLUE]: VALUE } }];
      const outcome = await start({ V: `piggy:${BLUE}`, PIGGY_DEADLINE: "30s" });
      expect(outcome.started().variable("V")).toBe(VALUE);
      expect(outcome.log().map(({ message }) => message)).toEqual(Array(2).fill("parameter blue: not now"));
    },
  );
});
