/** PIGGY_ALLOWED_SECRETS: whoever runs the webhook says which secrets may be asked for, and by whom. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  type Answer,
  defaultToken,
  HUSH,
  NOT_ALLOWED,
  olderRequestOf,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";
import { olderPod } from "./older-pod.ts";

setDefaultTimeout(60_000);

const ACCOUNT = "111122223333";
const PATTERNS = [
  "{namespace}/{serviceAccount}",
  "{namespace}/own/*",
  "/{namespace}/**",
  `arn:aws:secretsmanager:*:${ACCOUNT}:secret:shared/**`,
  `arn:aws:secretsmanager:us-*:${ACCOUNT}:secret:american`,
  "arn:*:ssm:*:*:parameter/shared/*",
];

let world: World;
let webhook: WebhookProcess;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld({ environment: { PIGGY_ALLOWED_SECRETS: PATTERNS.join(" , ") } });
  webhook = world.webhook;
  door = secretDoor(webhook, world.authority.pem);
  for (const name of [
    ...["shop/cart", "shop/own/db", "shop/own/deep/db", "shop/till", "bank/teller", "bank/own/vault"],
    ...["shared/a/b", "shared/a/b-abcdef", "american", "/shop/secret"],
  ]) {
    putSecret(name);
  }
  putSecret("american", "us-east-1");
  for (const name of ["/shop/a/password", "/bank/a/password", "/shared/password", "/shared/deep/password"]) {
    world.aws.putParameter({ region: REGION, name, value: `${HUSH}${name}` });
  }
});
afterAll(() => world.stop());

function putSecret(name: string, region = REGION) {
  return world.aws.putSecret({ region, name, value: `{"password":"${HUSH}${name} ${region}"}` });
}

async function askWith(options: PodOptions, references: readonly string[] = ["password"]) {
  const pod = await startPod(world.kubernetes, options);
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, references));
}

const askOf = (annotations: PodOptions["annotations"] = {}) => askWith({ annotations });
const askForEntry = (key: string) => askWith({ env: { PASSWORD: `piggy:${key}` } }, [key]);
const arnOf = (name: string, region = REGION, account = ACCOUNT) =>
  `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;

const UNNAMED = { "piggy-address": "https://piggy-webhooks.piggy-webhooks.svc" };

/** Denied in no other words than any other denial; the reason is in the audit line. */
async function expectDenied(ask: () => Promise<Answer>, reason: string, isAwsAsked = false): Promise<void> {
  const before = world.aws.requests.length;
  const { status, body, headers, audit } = await ask();
  expect([status, body, headers.get("x-piggy-unresolved")]).toEqual([403, NOT_ALLOWED, null]);
  expect(audit).toMatchObject({ level: "warn", decision: "denied", code: "not_allowed" });
  expect(audit?.["reason"]).toContain(reason);
  expect(world.aws.requests.length - before > 0).toBe(isAwsAsked);
}

function expectGiven({ status, body }: Answer, value: string, key = "password"): void {
  expect([status, JSON.parse(body)]).toEqual([200, { [key]: `${HUSH}${value}` }]);
}

describe("the Pod's secret", () => {
  test("is given by its default name", async () => {
    expectGiven(await askOf(UNNAMED), `shop/cart ${REGION}`);
  });

  test("is given by a name that is allowed to who asks", async () => {
    expectGiven(await askOf({ "aws-secret-name": "shop/own/db" }), `shop/own/db ${REGION}`);
  });

  test.each<[string, string]>([
    ["that is of another service account", "shop/till"],
    ["that is of another namespace", "bank/own/vault"],
    ["that is a segment deeper", "shop/own/deep/db"],
    ["that is not there", "bank/none"],
    ["that leads through its own", "shop/own/../../bank/own/vault"],
  ])("is denied by a name %s, before AWS is asked", async (_what, name) => {
    await expectDenied(
      () => askOf({ "aws-secret-name": name }),
      `PIGGY_ALLOWED_SECRETS does not name secret ${name} in ${REGION}`,
    );
  });

  test("is denied by its default name where that is another's", async () => {
    const annotations = { ...UNNAMED, "piggy-default-secret-name-prefix": "bank/own/" };
    await expectDenied(() => askOf(annotations), "does not name secret bank/own/shop/cart");
  });

  test("is denied to another namespace, and given to its own", async () => {
    const annotations = { "aws-secret-name": "bank/own/vault" };
    const teller = { namespace: "bank", serviceAccount: "teller", annotations };
    expectGiven(await askWith(teller), `bank/own/vault ${REGION}`);
    await expectDenied(() => askWith({ annotations }), "does not name secret bank/own/vault");
  });

  test("is given by ARN where a pattern is an ARN", async () => {
    expectGiven(await askOf({ "aws-secret-name": arnOf("shared/a/b") }), `shared/a/b ${REGION}`);
  });

  test("is denied by ARN where only its name is allowed, whatever the account", async () => {
    const reason = "what is asked for by ARN needs a pattern that is an ARN";
    for (const account of [ACCOUNT, "222222222222"]) {
      const name = arnOf("shop/cart", REGION, account);
      await expectDenied(() => askOf({ "aws-secret-name": name }), reason);
    }
  });

  test("is denied by an ARN of another account than the pattern's", async () => {
    const name = arnOf("shared/a/b", REGION, "222222222222");
    await expectDenied(() => askOf({ "aws-secret-name": name }), `does not name secret ${name}`);
  });

  test("is given in the pattern's regions alone", async () => {
    const american = { "aws-secret-name": "american" };
    expectGiven(await askOf({ ...american, "aws-region": "us-east-1" }), "american us-east-1");
    await expectDenied(() => askOf(american), `does not name secret american in ${REGION}`);
  });

  test("is denied where AWS gives another than the ARN seemed to name", async () => {
    const strict = await startWebhook({
      ...world.environment,
      LISTEN_ADDRESS: "127.0.0.1:0",
      PIGGY_ALLOWED_SECRETS: arnOf("shared/a/b"),
    });
    const before = door;
    door = secretDoor(strict, world.authority.pem);
    try {
      expectGiven(await askOf({ "aws-secret-name": arnOf("shared/a/b") }), `shared/a/b ${REGION}`);
      const look = arnOf("shared/a/b-abcdef");
      await expectDenied(() => askOf({ "aws-secret-name": look }), `does not name ${look}-`, true);
      await expectDenied(() => askForEntry(`//sm/${look}#/password`), `does not name ${look}-`, true);
      door.expectDiscretion();
    } finally {
      door = before;
      await strict.stop();
    }
  });

  test("is told in the audit line by the ARN that AWS gave", async () => {
    const { audit } = await askOf({ "aws-secret-name": "shop/own/db" });
    expect(audit?.["arn"]).toStartWith(`${arnOf("shop/own/db")}-`);
  });
});

describe("a parameter path", () => {
  const askForPath = (path: string) => askOf({ "aws-ssm-parameter-path": path });

  test.each(["/shop/a", "/shop", "/shop/"])("is given where a pattern is for all of it: %s", async (path) => {
    expectGiven(await askForPath(path), "/shop/a/password");
  });

  test.each(["/bank/a", "/", "/shared", "/shopping", "/sho"])(
    "is denied where none is, before AWS is asked: %s",
    async (path) => {
      const reason = `PIGGY_ALLOWED_SECRETS has no pattern for all that is below parameter path ${path} in`;
      await expectDenied(() => askForPath(path), reason);
    },
  );
});

describe("an entry of its own", () => {
  test.each([
    ["//sm/shop/own/db#/password", `shop/own/db ${REGION}`],
    ["//sm/shop%2Fown%2Fdb#/password", `shop/own/db ${REGION}`],
    ["//ssm/shop/a/password", "/shop/a/password"],
    ["//ssm/shared/password", "/shared/password"],
    [`//sm/american?region=us-east-1#/password`, "american us-east-1"],
    [`//sm/${arnOf("shared/a/b")}#/password`, `shared/a/b ${REGION}`],
    [`//ssm/arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/shared/password`, "/shared/password"],
  ])("is given where a pattern names it: %s", async (key, value) => {
    expectGiven(await askForEntry(key), value, key);
  });

  test.each([
    "//sm/bank/own/vault#/password",
    "//sm/shop/own/deep%2Fdb#/password",
    "//sm/shop%2Fown%2Fdeep%2Fdb#/password",
    "//sm/american#/password",
    "//sm/shop/own/db:x#/password",
    "//ssm/bank/a/password",
    "//ssm/shared/deep/password",
    "//ssm/shared/password:1",
    `//ssm/arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/shop/a/password`,
    `//sm/${arnOf("shop/own/db")}#/password`,
  ])("is denied where none does, though it is written, before AWS is asked: %s", async (key) => {
    await expectDenied(() => askForEntry(key), "PIGGY_ALLOWED_SECRETS does not name");
  });

  test("denies all that is asked for with it", async () => {
    const keys = ["password", "//sm/shop/own/db#/password", "//sm/bank/own/vault#/password"];
    const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
    await expectDenied(() => askWith({ env }, keys), "does not name secret bank/own/vault");
  });

  test("is given where a pattern names it, though nobody wrote it into the Pod", async () => {
    const key = "//sm/shop/own/db#/password";
    expectGiven(await askWith({}, [key]), `shop/own/db ${REGION}`, key);
  });

  test("is denied where neither a pattern names it nor somebody wrote it", async () => {
    for (const key of ["//sm/bank/own/vault#/password", "//sm/%zz", "//sm/shop/own/db?region=nowhere"]) {
      await expectDenied(() => askWith({}, [key]), "the container's stored env does not refer to");
    }
  });
});

describe("a Pod of an older webhook", () => {
  const askOlder = async (annotations: Readonly<Record<string, string>>) => {
    const pod = olderPod(world.kubernetes, { annotations });
    return door.ask(await defaultToken(world.kubernetes, pod), olderRequestOf(pod));
  };

  test("is given what a pattern names, by its annotations", async () => {
    expectGiven(await askOlder({ "aws-secret-name": "shop/own/db" }), `shop/own/db ${REGION}`);
  });

  test("is denied everything else", async () => {
    const ask = () => askOlder({ "aws-secret-name": "bank/own/vault" });
    await expectDenied(ask, "does not name secret bank/own/vault");
  });
});

test("no annotation widens the policy", async () => {
  const annotations = { "aws-secret-name": "bank/own/vault", "piggy-allowed-secrets": "**" };
  await expectDenied(() => askOf(annotations), "does not name secret bank/own/vault");
});

describe("at its start the webhook warns", () => {
  const warningsOf = async (patterns: string) => {
    const started = await startWebhook({
      ...world.environment,
      LISTEN_ADDRESS: "127.0.0.1:0",
      PIGGY_ALLOWED_SECRETS: patterns,
    });
    await started.stop();
    return started.log.filter(({ level }) => level === "warn").map(({ message }) => message);
  };

  test("where nothing is said, so that everything may be asked for", async () => {
    expect(await warningsOf("")).toContainEqual(
      expect.stringMatching(/^PIGGY_ALLOWED_SECRETS is not set: a Pod may ask for every secret/),
    );
  });

  test("where service accounts of any namespace get the same", async () => {
    expect(await warningsOf("{serviceAccount}/*")).toContainEqual(
      expect.stringContaining("{serviceAccount} without {namespace}"),
    );
  });

  test("and of nothing else", async () => {
    expect((await warningsOf("{namespace}/*")).join()).not.toContain("PIGGY_ALLOWED_SECRETS");
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
