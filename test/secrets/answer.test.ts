import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  accountOf,
  boundTo,
  HUSH,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld({
    environment: {
      PIGGY_DEFAULT_SECRET_NAME_PREFIX: "prod/",
      PIGGY_DEFAULT_SECRET_NAME_SUFFIX: "/env",
    },
  });
  door = secretDoor(world.webhook, world.authority.pem);
});
afterAll(() => world.stop());

function putSecret(name: string, value: unknown, region = REGION) {
  return world.aws.putSecret({
    region,
    name,
    value: typeof value === "string" ? value : JSON.stringify(value),
  });
}

async function askFor(references: readonly string[], options: PodOptions) {
  const pod = await startPod(world.kubernetes, options);
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, references));
}

describe("the keys that were asked for", () => {
  beforeAll(() => {
    putSecret("shop/cart", {
      password: `${HUSH}password`,
      user: `${HUSH}user`,
      other: `${HUSH}other`,
      PIGGY_ALLOWED_SA: "shop:cart",
      PIGGY_UID: `${HUSH}uid`,
      PIGGY_AWS_REGION: `${HUSH}region`,
      PIGGY_STANDALONE: `${HUSH}standalone`,
      PIGGY_ACCEPT_DEFAULT_TOKENS: `${HUSH}acceptance`,
      PIGGY_BANK_URL: `${HUSH}bank`,
      AWS_REGION: `${HUSH}application`,
      constructor: `${HUSH}constructor`,
    });
  });

  test("are all that is answered", async () => {
    const { status, headers, body } = await askFor(["password", "user"], {});
    expect(status).toBe(200);
    expect(headers.get("content-type")).toStartWith("application/json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(JSON.parse(body)).toEqual({ password: `${HUSH}password`, user: `${HUSH}user` });
  });

  test("are left out when the secret has none of the name", async () => {
    expect(JSON.parse((await askFor(["password", "absent", "toString"], {})).body)).toEqual({
      password: `${HUSH}password`,
    });
  });

  test("may be none", async () => {
    expect((await askFor([], {})).body).toBe("{}");
  });

  test("may bear the names of an object's own parts", async () => {
    expect(JSON.parse((await askFor(["constructor"], {})).body)).toEqual({
      constructor: `${HUSH}constructor`,
    });
  });

  test("are never the policy and the settings, which may stand in the secret", async () => {
    const settings = [
      "PIGGY_ALLOWED_SA",
      "PIGGY_UID",
      "PIGGY_AWS_REGION",
      "PIGGY_STANDALONE",
      "PIGGY_ACCEPT_DEFAULT_TOKENS",
    ];
    expect((await askFor(settings, {})).body).toBe("{}");
  });

  test("may be an application's own that only look like settings", async () => {
    expect(JSON.parse((await askFor(["PIGGY_BANK_URL", "AWS_REGION"], {})).body)).toEqual({
      PIGGY_BANK_URL: `${HUSH}bank`,
      AWS_REGION: `${HUSH}application`,
    });
  });

  test("are named in the audit line, with who asked and which version was read", async () => {
    const { versionId, arn } = putSecret("shop/audited", { password: `${HUSH}audited` });
    const { audit } = await askFor(["password", "absent"], {
      name: "audited",
      annotations: { "aws-secret-name": "shop/audited" },
    });
    expect(audit).toMatchObject({
      level: "info",
      decision: "allowed",
      namespace: "shop",
      serviceAccount: "cart",
      pod: "audited",
      container: "app",
      secret: "shop/audited",
      region: REGION,
      version: versionId,
      arn,
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      keys: ["password"],
    });
  });
});

test("a token may be for other audiences besides ours", async () => {
  const pod = await startPod(world.kubernetes);
  const audiences = ["vault", "piggysec.com"];
  const token = await world.kubernetes.token({ ...accountOf(pod), pod: boundTo(pod), audiences });
  expect((await door.ask(token, requestOf(pod))).status).toBe(200);
});

describe("a value that is not a string", () => {
  const asText: Readonly<Record<string, string>> = {
    number: "42",
    long: "12345678901234567890",
    fraction: "1.10",
    yes: "true",
    list: '["a",1]',
    object: '{"a":{"b":null}}',
  };

  test("is answered as its JSON text", async () => {
    const members = Object.entries(asText).map(([key, text]) => `"${key}":${text}`);
    putSecret("shop/typed", `{${members.join(",")}}`);
    const answer = await askFor(Object.keys(asText), { annotations: { "aws-secret-name": "shop/typed" } });
    expect(JSON.parse(answer.body)).toEqual(asText);
  });

  test("counts as missing when it is null", async () => {
    putSecret("shop/null", { nothing: null, empty: "" });
    const answer = await askFor(["nothing", "empty"], { annotations: { "aws-secret-name": "shop/null" } });
    expect(JSON.parse(answer.body)).toEqual({ empty: "" });
  });
});

describe("a parameter path", () => {
  test("is read to its last page, decrypted, each parameter by the last segment of its name", async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `KEY_${index}`);
    for (const [index, key] of keys.entries()) {
      const name = index % 2 === 0 ? `/shop/cart/${key}` : `/shop/cart/deeper/${key}`;
      world.aws.putParameter({ region: REGION, name, value: `${HUSH}${key}`, type: "SecureString" });
    }
    world.aws.putParameter({ region: REGION, name: "/shop/other/KEY_99", value: `${HUSH}other` });
    const answer = await askFor([...keys, "KEY_99"], {
      annotations: { "aws-ssm-parameter-path": "/shop/cart", "aws-secret-name": "shop/cart" },
    });
    expect(JSON.parse(answer.body)).toEqual(Object.fromEntries(keys.map((key) => [key, `${HUSH}${key}`])));
    expect(answer.audit).toMatchObject({ decision: "allowed", path: "/shop/cart" });
  });
});

describe("the version of a secret", () => {
  const versions: { id: string; stage: string }[] = [];

  beforeAll(() => {
    for (const stage of ["deprecated", "previous", "current"]) {
      const { versionId } = putSecret("shop/versions", { password: `${HUSH}${stage}` });
      versions.push({ id: versionId, stage });
    }
  });

  const passwordAt = async (annotations: Readonly<Record<string, string>>) => {
    const answer = await askFor(["password"], {
      annotations: { "aws-secret-name": "shop/versions", ...annotations },
    });
    return JSON.parse(answer.body).password;
  };

  test("is AWSCURRENT when none is named", async () => {
    expect(await passwordAt({})).toBe(`${HUSH}current`);
    expect(await passwordAt({ "aws-secret-version": "" })).toBe(`${HUSH}current`);
  });

  test("may be named by its stage", async () => {
    expect(await passwordAt({ "aws-secret-version": "AWSPREVIOUS" })).toBe(`${HUSH}previous`);
  });

  test("may be named by its id, even when it has no stage any more", async () => {
    expect(await passwordAt({ "aws-secret-version": versions[0]?.id ?? "" })).toBe(`${HUSH}deprecated`);
  });
});

describe("the secret that is read", () => {
  test("is prefix, namespace, service account and suffix when the Pod names none", async () => {
    putSecret("prod/books/reader/env", { password: `${HUSH}default-name` });
    const answer = await askFor(["password"], {
      namespace: "books",
      serviceAccount: "reader",
      annotations: { "piggy-address": "https://piggy-webhooks.piggy-webhooks.svc" },
    });
    expect(JSON.parse(answer.body)).toEqual({ password: `${HUSH}default-name` });
  });

  test("has the annotations' prefix and suffix rather than the environment's", async () => {
    putSecret("books/reader-test", { password: `${HUSH}annotated-name` });
    const answer = await askFor(["password"], {
      namespace: "books",
      serviceAccount: "reader",
      annotations: {
        "piggy-address": "https://piggy-webhooks.piggy-webhooks.svc",
        "piggy-default-secret-name-prefix": "",
        "piggy-default-secret-name-suffix": "-test",
      },
    });
    expect(JSON.parse(answer.body)).toEqual({ password: `${HUSH}annotated-name` });
  });

  test("is in the annotation's region rather than the environment's", async () => {
    putSecret("shop/regional", { password: `${HUSH}here` });
    putSecret("shop/regional", { password: `${HUSH}there` }, "us-gov-west-1");
    const answer = await askFor(["password"], {
      annotations: { "aws-secret-name": "shop/regional", "aws-region": "us-gov-west-1" },
    });
    expect(JSON.parse(answer.body)).toEqual({ password: `${HUSH}there` });
  });

  test("may be named by its ARN", async () => {
    const { arn } = putSecret("shop/by-arn", { password: `${HUSH}arn` });
    const answer = await askFor(["password"], { annotations: { "aws-secret-name": arn } });
    expect(JSON.parse(answer.body)).toEqual({ password: `${HUSH}arn` });
  });

  test("may be bytes that are a JSON object", async () => {
    const value = new TextEncoder().encode(JSON.stringify({ password: `${HUSH}bytes` }));
    world.aws.putSecret({ region: REGION, name: "shop/bytes", value });
    const answer = await askFor(["password"], { annotations: { "aws-secret-name": "shop/bytes" } });
    expect(JSON.parse(answer.body)).toEqual({ password: `${HUSH}bytes` });
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
