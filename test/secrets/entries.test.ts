/** References to secrets and parameters of their own: what is answered. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  type Answer,
  HUSH,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
  storedWith,
} from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  world.aws.putSecret({ region: REGION, name: "shop/cart", value: `{"password":"${HUSH}cart"}` });
});
afterAll(() => world.stop());

const putSecret = (name: string, value: unknown, region = REGION) =>
  world.aws.putSecret({ region, name, value: typeof value === "string" ? value : JSON.stringify(value) });

/** Asks for these keys as a container does in whose environment each is the whole of a value. */
async function askFor(keys: readonly string[], options: PodOptions = {}): Promise<Answer> {
  const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
  const pod = await startPod(world.kubernetes, { env, ...options });
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, keys));
}

/** The same of a Pod in which they stand although admission would not let them: an older one wrote it. */
async function askForStored(keys: readonly string[]): Promise<Answer> {
  const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
  const pod = storedWith(world.kubernetes, await startPod(world.kubernetes), env);
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, keys));
}

async function valueAt(key: string, options: PodOptions = {}): Promise<string> {
  const answer = await askFor([key], options);
  expect([answer.status, answer.headers.get("x-piggy-unresolved")]).toEqual([200, null]);
  return JSON.parse(answer.body)[key];
}

/** Why a key has no value, where nothing else is asked. */
async function reasonOf(key: string): Promise<unknown> {
  const { status, body, headers, audit } = await askForStored([key]);
  expect([status, body]).toEqual([200, "{}"]);
  const reasons = unresolvedIn(headers);
  expect(Object.keys(reasons)).toEqual([key]);
  expect(audit).toMatchObject({ decision: "allowed", unresolved: { [key]: reasons[key]?.code } });
  return reasons[key];
}

function unresolvedIn(headers: Headers): Record<string, { code: string; message: string }> {
  const header = headers.get("x-piggy-unresolved") ?? "";
  expect(header).toMatch(/^[\w-]+$/);
  expect(header.length).toBeLessThanOrEqual(4096);
  return JSON.parse(Buffer.from(header, "base64url").toString());
}

/** The calls to AWS that this makes. */
async function callsOf(work: () => Promise<unknown>): Promise<readonly unknown[]> {
  const before = world.aws.requests.length;
  await work();
  return world.aws.requests.slice(before).map(({ action, region, input }) => ({ action, region, input }));
}

describe("a secret of its own", () => {
  test("is its whole string without a pointer", async () => {
    for (const text of [`${HUSH}text`, `{"a":"${HUSH}json"}`, ` ${HUSH}\n`]) {
      putSecret("own/whole", text);
      expect(await valueAt("//sm/own/whole")).toBe(text);
    }
  });

  test("is what a pointer names in its JSON", async () => {
    const value = { a: { "b/c": [`${HUSH}0`, { "~": `${HUSH}tilde` }] }, "": `${HUSH}empty` };
    putSecret("own/json", value);
    expect(await valueAt("//sm/own/json#/a/b~1c/0")).toBe(`${HUSH}0`);
    expect(await valueAt("//sm/own/json#/a/b~1c/1/~0")).toBe(`${HUSH}tilde`);
    expect(await valueAt("//sm/own/json#/")).toBe(`${HUSH}empty`);
  });

  test("is JSON text where what a pointer names is no string, digits as they were written", async () => {
    putSecret("own/kinds", `{"n":12345678901234567890,"f":1.10,"t":true,"o":{"l":[1.0,null]}}`);
    const keys = ["n", "f", "t", "o"].map((name) => `//sm/own/kinds#/${name}`);
    const values: unknown[] = Object.values(JSON.parse((await askFor(keys)).body));
    expect(values).toEqual(["12345678901234567890", "1.10", "true", '{"l":[1.0,null]}']);
  });

  test("may be bytes that are text", async () => {
    const value = Buffer.from(`${HUSH}ключ`);
    world.aws.putSecret({ region: REGION, name: "own/bytes", value });
    expect(await valueAt("//sm/own/bytes")).toBe(`${HUSH}ключ`);
  });

  test("is base64 where that is asked for, of bytes and of a string alike", async () => {
    const bytes = Uint8Array.of(0, 255, 128, 10);
    world.aws.putSecret({ region: REGION, name: "own/binary", value: bytes });
    expect(await valueAt("//sm/own/binary?encoding=base64")).toBe("AP+ACg==");
    putSecret("own/text", "ü");
    expect(await valueAt("//sm/own/text?encoding=base64")).toBe("w7w=");
  });

  test("is of the version that is named", async () => {
    const [first] = [1, 2].map((number) => putSecret("own/versions", `${HUSH}${number}`));
    expect(await valueAt("//sm/own/versions")).toBe(`${HUSH}2`);
    expect(await valueAt("//sm/own/versions?stage=AWSPREVIOUS")).toBe(`${HUSH}1`);
    expect(await valueAt(`//sm/own/versions?version=${first?.versionId}`)).toBe(`${HUSH}1`);
    expect(await valueAt(`//sm/own/versions?version=${first?.versionId}&stage=AWSPREVIOUS`)).toBe(`${HUSH}1`);
  });

  test("is in the region that it names, else in the Pod's, else in the webhook's", async () => {
    for (const region of [REGION, "eu-central-1", "us-gov-west-1"]) {
      putSecret("own/regional", `${HUSH}${region}`, region);
    }
    const annotations = { "aws-secret-name": "shop/cart", "aws-region": "eu-central-1" };
    expect(await valueAt("//sm/own/regional")).toBe(`${HUSH}${REGION}`);
    expect(await valueAt("//sm/own/regional", { annotations })).toBe(`${HUSH}eu-central-1`);
    expect(await valueAt("//sm/own/regional?region=us-gov-west-1", { annotations })).toBe(
      `${HUSH}us-gov-west-1`,
    );
  });

  test.each(["eu-west-3", "cn-north-1", "us-gov-west-1"])("may be named by its ARN in %s", async (region) => {
    const { arn } = putSecret("own/arn", { key: `${HUSH}arn` }, region);
    expect(await valueAt(`//sm/${arn}#/key`)).toBe(`${HUSH}arn`);
    expect(await valueAt(`//sm/${arn.slice(0, -7)}#/key`)).toBe(`${HUSH}arn`);
  });
});

describe("a parameter of its own", () => {
  test.each(["String", "StringList", "SecureString"] as const)("is its value as a %s", async (type) => {
    world.aws.putParameter({ region: REGION, name: "/own/KEY", value: `${HUSH}a,b`, type });
    expect(await valueAt("//ssm/own/KEY")).toBe(`${HUSH}a,b`);
  });

  test("is of the version or the label that is named", async () => {
    const put = (value: string) =>
      world.aws.putParameter({ region: REGION, name: "/own/LABELLED", value: HUSH + value });
    for (const value of ["one", "two", "three"]) put(value);
    world.aws.labelParameter({ region: REGION, name: "/own/LABELLED", version: 2, label: "stable" });
    expect(await valueAt("//ssm/own/LABELLED?version=1")).toBe(`${HUSH}one`);
    expect(await valueAt("//ssm/own/LABELLED?label=stable")).toBe(`${HUSH}two`);
  });

  test("may be named by its ARN", async () => {
    const region = "us-gov-west-1";
    const { arn } = world.aws.putParameter({ region, name: "/own/FAR", value: `${HUSH}far` });
    expect(await valueAt(`//ssm/${arn}`)).toBe(`${HUSH}far`);
  });
});

describe("AWS is asked", () => {
  test("once for an entry, whatever the number of keys", async () => {
    putSecret("own/many", { a: `${HUSH}a`, b: `${HUSH}b` });
    const keys = ["//sm/own/many#/a", "//sm/own/many#/b", "//sm/own/many", "//sm/own/many#/none"];
    const calls = await callsOf(() => askFor(keys));
    expect(calls).toEqual([{ action: "GetSecretValue", region: REGION, input: { SecretId: "own/many" } }]);
  });

  test("once for each version, stage and region", async () => {
    putSecret("own/many", "{}");
    putSecret("own/many", "{}");
    const keys = [
      "//sm/own/many",
      "//sm/own/many?stage=AWSCURRENT",
      "//sm/own/many?stage=AWSPREVIOUS",
      "//sm/own/many?region=eu-west-1",
      `//sm/own/many?region=${REGION}`,
    ];
    expect(await callsOf(() => askFor(keys))).toHaveLength(3);
  });

  test("for no secret of the Pod's where only others are asked for", async () => {
    putSecret("own/alone", `${HUSH}alone`);
    const annotations = { "aws-secret-name": "own/is-not-there" };
    const calls = await callsOf(() => valueAt("//sm/own/alone", { annotations }));
    expect(calls).toMatchObject([{ input: { SecretId: "own/alone" } }]);
  });

  test("for the Pod's secret too where a key of it is asked for", async () => {
    putSecret("own/beside", `${HUSH}beside`);
    const { body } = await askFor(["password", "//sm/own/beside"]);
    expect(JSON.parse(body)).toEqual({ password: `${HUSH}cart`, "//sm/own/beside": `${HUSH}beside` });
  });
});

describe("what failed for one entry", () => {
  test("is nothing to the others", async () => {
    putSecret("own/there", `${HUSH}there`);
    const answer = await askFor(["//sm/own/gone", "//sm/own/there", "//ssm/own/gone"]);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ "//sm/own/there": `${HUSH}there` });
    expect(unresolvedIn(answer.headers)).toEqual({
      "//sm/own/gone": {
        code: "secret_not_found",
        message: expect.stringMatching(
          /^secret own\/gone in .*: ResourceNotFoundException: .*: its region is named by AWS_REGION on piggy-webhooks$/,
        ),
      },
      "//ssm/own/gone": {
        code: "secret_not_found",
        message: expect.stringContaining(`parameter /own/gone in ${REGION}: ParameterNotFound`),
      },
    });
    const elsewhere = "//sm/own/gone?region=eu-west-1";
    const { message } = unresolvedIn((await askFor([elsewhere])).headers)[elsewhere] ?? {};
    expect(message).toEndWith(": its region is named by the reference");
  });

  test.each<[string, () => void, string, string, string]>([
    [
      "is that a secret is no JSON",
      () => putSecret("own/fault", `${HUSH}text`),
      "//sm/own/fault#/a",
      "secret_not_keyed",
      `secret own/fault in ${REGION} is not JSON, so there is nothing for a pointer in it`,
    ],
    [
      "is that nothing is where a pointer leads",
      () => putSecret("own/fault", '{"a":{"b":null}}'),
      "//sm/own/fault#/a/b",
      "reference_unresolved",
      `secret own/fault in ${REGION} has no value at "/a/b"`,
    ],
    [
      "is that a pointer leads to a part of every object",
      () => putSecret("own/fault", '{"a":"b"}'),
      "//sm/own/fault#/constructor/name",
      "reference_unresolved",
      `secret own/fault in ${REGION} has no value at "/constructor/name"`,
    ],
    [
      "is that bytes are no text",
      () => world.aws.putSecret({ region: REGION, name: "own/fault", value: Uint8Array.of(255) }),
      "//sm/own/fault",
      "secret_not_text",
      `secret own/fault in ${REGION} is not UTF-8 text: add ?encoding=base64 to take its bytes`,
    ],
    [
      "is that its region is none",
      () => {},
      "//sm/own/fault?region=eu-west-1.evil.example",
      "reference_invalid",
      '"piggy://sm/own/fault?region=eu-west-1.evil.example": region is none of AWS\'s, such as eu-west-1',
    ],
  ])("%s", async (_what, arrange, key, code, message) => {
    arrange();
    expect(await reasonOf(key)).toEqual({ code, message });
  });

  test.each(["PIGGY_ALLOWED_SA", "PIGGY_UID"])("is that %s is not handed out", async (name) => {
    putSecret("own/settings", { [name]: "shop:cart" });
    expect(await reasonOf(`//sm/own/settings#/${name}`)).toMatchObject({ code: "reference_unresolved" });
  });

  test("is that it is no reference to an entry", async () => {
    for (const key of ["//sm/", "//sm?region=eu-west-1", "//other/name", "//sm/a?stage=", "//sm/%zz"]) {
      expect(await reasonOf(key)).toMatchObject({ code: "reference_invalid" });
    }
  });

  test("is told of what failed before what is not there, and of the rest that it is not there", async () => {
    putSecret("own/none", "{}");
    const absent = Array.from({ length: 60 }, (_, index) => `//sm/own/none#/${index}`);
    putSecret("own/text", `${HUSH}text`);
    const failed = ["//sm/own/none?stage=", "//sm/own/text#/a"];
    const reasons = unresolvedIn((await askForStored([...absent, ...failed])).headers);
    expect(Object.keys(reasons).slice(0, 2)).toEqual(failed);
    expect(Object.keys(reasons).length).toBeLessThan(60);
    expect(reasons["//"]).toMatchObject({ code: "reference_unresolved" });
  });

  test("is told of the Pod's own secret for each of its keys", async () => {
    putSecret("own/there", `${HUSH}there`);
    const annotations = { "aws-secret-name": "own/is-not-there" };
    const answer = await askFor(["password", "user", "//sm/own/there"], { annotations });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { "//sm/own/there": `${HUSH}there` }]);
    const reason = { code: "secret_not_found", message: expect.stringContaining("secret own/is-not-there") };
    expect(unresolvedIn(answer.headers)).toEqual({ password: reason, user: reason });
  });

  test("is told for as many as a header holds, and of each whole", async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `//sm/own/none-${index}-${"é".repeat(20)}?stage=`);
    const { status, headers } = await askForStored(keys);
    expect(status).toBe(200);
    const reasons = Object.entries(unresolvedIn(headers));
    expect(reasons.length).toBeGreaterThan(5);
    expect(reasons.length).toBeLessThan(200);
    for (const [key, reason] of reasons) {
      expect(keys).toContain(key);
      expect(key).not.toBe("//");
      expect(reason).toEqual({ code: "reference_invalid", message: expect.stringContaining(key) });
    }
  });
});

describe("ten thousand references", () => {
  test("to one secret are answered by one call", async () => {
    const fields = Array.from({ length: 10_000 }, (_, index) => String(index));
    putSecret("own/k", `{${fields.map((field) => `"${field}":1`).join(",")}}`);
    const keys = fields.map((field) => `//sm/own/k#/${field}`);
    const pod = await startPod(world.kubernetes, { env: { FIRST: "piggy:password" } });
    const recorded = storedWith(world.kubernetes, pod, { PIGGY_REFERENCES: JSON.stringify(keys) });
    const token = await ownToken(world.kubernetes, recorded);
    let answer: Answer | undefined;
    const calls = await callsOf(async () => {
      answer = await door.ask(token, requestOf(recorded, keys));
    });
    expect(calls).toHaveLength(1);
    expect(answer?.status).toBe(200);
    expect(Object.keys(JSON.parse(answer?.body ?? ""))).toHaveLength(10_000);
  });

  test("each to nearly the whole of a secret are refused rather than held in memory", async () => {
    const depth = 900;
    putSecret("own/deep", `${'{"a":'.repeat(depth)}"${"x".repeat(50_000)}"${"}".repeat(depth)}`);
    const keys = Array.from({ length: depth }, (_, index) => `//sm/own/deep#${"/a".repeat(index)}`);
    const pod = await startPod(world.kubernetes, { env: { FIRST: "piggy:password" } });
    const recorded = storedWith(world.kubernetes, pod, { PIGGY_REFERENCES: JSON.stringify(keys) });
    const answer = await door.ask(await ownToken(world.kubernetes, recorded), requestOf(recorded, keys));
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("more than 6 MiB")]);
  });

  test("to as many secrets are refused without a call", async () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `//sm/own/k${index}`);
    const pod = await startPod(world.kubernetes, { env: { FIRST: "piggy:password" } });
    const recorded = storedWith(world.kubernetes, pod, { PIGGY_REFERENCES: JSON.stringify(keys) });
    const token = await ownToken(world.kubernetes, recorded);
    let answer: Answer | undefined;
    const calls = await callsOf(async () => {
      answer = await door.ask(token, requestOf(recorded, keys));
    });
    expect(calls).toEqual([]);
    expect([answer?.status, answer?.body]).toEqual([400, expect.stringContaining("at most 1000 are read")]);
  });
});

test("the audit line names each entry that was read, its region, version and ARN, and AWS's request", async () => {
  const { versionId, arn } = putSecret("own/audited", { a: `${HUSH}a` });
  const region = "eu-west-1";
  const parameter = world.aws.putParameter({ region, name: "/own/AUDITED", value: `${HUSH}p` });
  const keys = ["//sm/own/audited#/a", "//ssm/own/AUDITED?region=eu-west-1", "//sm/own/not-there"];
  const { audit } = await askFor(keys, { name: "audited" });
  expect(audit).toMatchObject({
    level: "info",
    decision: "allowed",
    pod: "audited",
    container: "app",
    keys: keys.slice(0, 2),
    unresolved: { "//sm/own/not-there": "secret_not_found" },
  });
  const awsRequestId = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(audit?.["entries"]).toBeArrayOfSize(2);
  expect(audit?.["entries"]).toEqual(
    expect.arrayContaining([
      { secret: "own/audited", region: REGION, version: versionId, arn, awsRequestId },
      { parameter: "/own/AUDITED", region, version: "1", arn: parameter.arn, awsRequestId },
    ]),
  );
  expect(audit?.["secret"]).toBeUndefined();
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
