/** PIGGY_ASSUME_ROLES: as which role a secret is read, and for whom, so that AWS's own policies can tell tenants apart. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { AwsRequest, TrustingRole } from "../fakes/aws.ts";
import { scrape } from "../metrics/scrape.ts";
import { startWebhook } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  HUSH,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";

setDefaultTimeout(60_000);

const HOME = "111122223333";
const ABROAD = "222222222222";
const WEBHOOK = `arn:aws:iam::${HOME}:user/AKIAWEBHOOK000000000`;
const role = (name: string, account = HOME) => `arn:aws:iam::${account}:role/${name}`;
const ROLES = [
  {
    secrets: `arn:aws:secretsmanager:*:${ABROAD}:secret:**`,
    role: role("piggy", ABROAD),
    externalId: "cluster-1",
  },
  { secrets: "abroad/**", role: role("piggy", ABROAD), externalId: "cluster-1" },
  { secrets: "tagged/first", role: role("first") },
  { secrets: "tagged/**, /tagged/**", role: role("tagged") },
  { secrets: "named/**", role: role("team/of-{namespace}") },
  { secrets: "closed/*", role: role("closed") },
];
/** A variable in a policy of AWS's. */
const NAMESPACE_TAG = "$" + "{aws:PrincipalTag/piggysec.com/namespace}";

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld({ environment: { PIGGY_ASSUME_ROLES: JSON.stringify(ROLES) } });
  door = secretDoor(world.webhook, world.authority.pem);
  for (const name of ["own/db", "tagged/first", "tagged/shop", "tagged/bank", "named/db", "closed/db"]) {
    putSecret(name);
  }
  putSecret("abroad/db", ABROAD);
  for (const name of ["/tagged/shop/password", "/tagged/bank/password"]) {
    world.aws.putParameter({ region: REGION, name, value: `${HUSH}${name}` });
  }
});
afterAll(() => world.stop());

function putSecret(name: string, account = HOME) {
  return world.aws.putSecret({ region: REGION, name, account, value: `{"password":"${HUSH}${name}"}` });
}

const trust = (name: string, options: Partial<TrustingRole> = {}, account = HOME) =>
  world.aws.addTrustingRole(role(name, account), { trusts: WEBHOOK, ...options });

async function askWith(options: PodOptions, references: readonly string[] = ["password"], at = door) {
  const before = world.aws.requests.length;
  const pod = await startPod(world.kubernetes, options);
  const answer = await at.ask(await ownToken(world.kubernetes, pod), requestOf(pod, references));
  return { ...answer, calls: world.aws.requests.slice(before) };
}

let accounts = 0;
/** A service account that nobody assumed a role for yet. */
function newcomer(namespace = "shop") {
  accounts += 1;
  return { namespace, serviceAccount: `cart-${accounts}` };
}
const askAs = (who: PodOptions, secret: string) =>
  askWith({ ...who, annotations: { "aws-secret-name": secret } });

const actions = (calls: readonly AwsRequest[]) => calls.map(({ action }) => action);
const ONCE = ["AssumeRole", "GetSecretValue"];

describe("a secret that a rule names is read as its role", () => {
  test("whose session is named and tagged for who asks", async () => {
    trust("tagged");
    const who = newcomer();
    const { status, calls, audit } = await askAs(who, "tagged/shop");
    expect(status).toBe(200);
    expect(actions(calls)).toEqual(ONCE);
    expect(calls[0]).toMatchObject({
      service: "sts",
      region: REGION,
      accessKeyId: "AKIAWEBHOOK000000000",
      input: {
        RoleArn: role("tagged"),
        RoleSessionName: `shop.${who.serviceAccount}`,
        "Tags.member.1.Key": "piggysec.com/namespace",
        "Tags.member.1.Value": "shop",
        "Tags.member.2.Key": "piggysec.com/service-account",
        "Tags.member.2.Value": who.serviceAccount,
      },
    });
    expect(calls[1]?.accessKeyId).toStartWith("ASIA");
    expect(audit).toMatchObject({ decision: "allowed", secret: "tagged/shop", role: role("tagged") });
  });

  test("in another account, which wants to hear an external id", async () => {
    trust("piggy", { externalId: "cluster-1" }, ABROAD);
    const { arn } = putSecret("abroad/by-arn", ABROAD);
    for (const name of ["abroad/db", arn, arn.slice(0, -"-abcdef".length)]) {
      const { status, audit } = await askAs(newcomer(), name);
      expect(status).toBe(200);
      expect(audit?.["arn"]).toStartWith(`arn:aws:secretsmanager:${REGION}:${ABROAD}:secret:abroad/`);
    }
  });

  test("which may be of its namespace", async () => {
    trust("team/of-shop");
    const { status, calls } = await askAs(newcomer(), "named/db");
    expect([status, calls[0]?.input]).toMatchObject([200, { RoleArn: role("team/of-shop") }]);
  });

  test("that the first rule says", async () => {
    trust("first");
    const { status, calls } = await askAs(newcomer(), "tagged/first");
    expect([status, calls[0]?.input]).toMatchObject([200, { RoleArn: role("first") }]);
  });

  test("also by a path, and by an entry of its own", async () => {
    trust("tagged");
    const path = await askWith({ ...newcomer(), annotations: { "aws-ssm-parameter-path": "/tagged/shop" } });
    expect([path.status, actions(path.calls)]).toEqual([200, ["AssumeRole", "GetParametersByPath"]]);
    expect(path.audit).toMatchObject({ path: "/tagged/shop", role: role("tagged") });
    const keys = ["//sm/tagged/shop#/password", "//ssm/tagged/shop/password"];
    const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
    const entries = await askWith({ ...newcomer(), env }, keys);
    expect(JSON.parse(entries.body)).toEqual({
      "//sm/tagged/shop#/password": `${HUSH}tagged/shop`,
      "//ssm/tagged/shop/password": `${HUSH}/tagged/shop/password`,
    });
    expect(actions(entries.calls).sort()).toEqual(["AssumeRole", "GetParameter", "GetSecretValue"]);
    expect(entries.audit?.["entries"]).toEqual(
      expect.arrayContaining([expect.objectContaining({ secret: "tagged/shop", role: role("tagged") })]),
    );
  });

  test("also where a parameter may only be listed by its path", async () => {
    const resource = `/tagged/${NAMESPACE_TAG}`;
    trust("tagged", { allow: [{ action: "ssm:GetParametersByPath", resource }] });
    const key = "//ssm/tagged/shop/password";
    const { status, calls } = await askWith({ ...newcomer(), env: { V: `piggy:${key}` } }, [key]);
    expect([status, actions(calls)]).toEqual([200, ["AssumeRole", "GetParameter", "GetParametersByPath"]]);
    expect(calls[2]?.accessKeyId).toStartWith("ASIA");
  });

  test("and all others as the webhook itself", async () => {
    const { status, calls, audit } = await askAs(newcomer(), "own/db");
    expect([status, actions(calls), audit?.["role"]]).toEqual([200, ["GetSecretValue"], undefined]);
  });
});

describe("what AWS allows to one namespace alone", () => {
  beforeAll(() => {
    const resource = `tagged/${NAMESPACE_TAG}`;
    trust("tagged", { allow: [{ action: "secretsmanager:GetSecretValue", resource }] });
  });

  test("is given to it, and to no other that asks", async () => {
    expect((await askAs(newcomer("shop"), "tagged/shop")).status).toBe(200);
    const { status, body, audit } = await askAs(newcomer("bank"), "tagged/shop");
    expect(status).toBe(400);
    expect(body).toContain("is not authorized to perform: secretsmanager:GetSecretValue");
    expect(body).not.toContain(HUSH);
    expect(audit).toMatchObject({ decision: "denied", code: "aws_access_denied" });
    expect((await askAs(newcomer("bank"), "tagged/bank")).status).toBe(200);
  });

  test("is given to no other that asks right after it, nor at the same time", async () => {
    const [shop, bank] = [newcomer("shop"), newcomer("bank")];
    const asks = Array.from({ length: 20 }, (_, index) => askAs(index % 2 ? bank : shop, "tagged/shop"));
    expect((await Promise.all(asks)).map(({ status }) => status)).toEqual(
      asks.map((_, index) => (index % 2 ? 400 : 200)),
    );
  });
});

describe("a session", () => {
  beforeEach(() => trust("tagged"));

  test("is kept for its service account", async () => {
    const who = newcomer();
    const calls = [];
    for (let asked = 0; asked < 3; asked += 1) calls.push(...(await askAs(who, "tagged/shop")).calls);
    expect(actions(calls)).toEqual([...ONCE, "GetSecretValue", "GetSecretValue"]);
    expect(actions((await askAs(newcomer(), "tagged/shop")).calls)).toEqual(ONCE);
    expect(actions((await askAs({ ...who, namespace: "bank" }, "tagged/shop")).calls)).toEqual(ONCE);
  });

  test("is asked for once by all who want it at the same time", async () => {
    const who = newcomer();
    const before = world.aws.requests.length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => askAs(who, "tagged/shop")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const all = actions(world.aws.requests.slice(before));
    expect(all.filter((action) => action === "AssumeRole")).toHaveLength(1);
  });

  test("is counted among the calls to AWS, by how it ended", async () => {
    const counted = async (outcome: string) =>
      (await scrape(world.webhook)).value("piggy_aws_requests_total", { api: "AssumeRole", outcome });
    const before = await counted("ok");
    const who = newcomer();
    await askAs(who, "tagged/shop");
    await askAs(who, "tagged/shop");
    expect(await counted("ok")).toBe(before + 1);
    const refused = await counted("aws_access_denied");
    trust("tagged", { refusesTags: true });
    await askAs(newcomer(), "tagged/shop");
    expect(await counted("aws_access_denied")).toBe(refused + 1);
  });

  test("that is about to end is not kept", async () => {
    trust("tagged", { seconds: 299 });
    const who = newcomer();
    for (let asked = 0; asked < 2; asked += 1) {
      expect(actions((await askAs(who, "tagged/shop")).calls)).toEqual(ONCE);
    }
  });

  test("has a name that AWS takes, however long a service account's is", async () => {
    const names = [];
    for (const end of ["a", "b"]) {
      const serviceAccount = `${"long.".repeat(30)}${end}`;
      const { status, calls } = await askAs({ namespace: "shop", serviceAccount }, "tagged/shop");
      expect(status).toBe(200);
      expect(calls[0]?.input).toMatchObject({ "Tags.member.2.Value": serviceAccount });
      names.push(Object(calls[0]?.input).RoleSessionName);
    }
    expect(names[0]).toMatch(/^shop\.long\.long[a-z.]+-[0-9a-f]{16}$/);
    expect(new Set(names).size).toBe(2);
  });

  test("is asked for by AWS's time", async () => {
    const other = await startWebhook({ ...world.environment, LISTEN_ADDRESS: "127.0.0.1:0" });
    try {
      world.aws.setClockAhead(3_600_000);
      const skewed = secretDoor(other, world.authority.pem);
      const annotations = { "aws-secret-name": "tagged/shop" };
      const { status, calls } = await askWith({ ...newcomer(), annotations }, ["password"], skewed);
      expect([status, actions(calls)]).toEqual([200, ["AssumeRole", ...ONCE]]);
      skewed.expectDiscretion();
    } finally {
      world.aws.setClockAhead(0);
      await other.stop();
    }
  });
});

test("what is kept of a secret is of the session that it was read in, and of no other", async () => {
  const caching = await startWebhook({
    ...world.environment,
    PIGGY_CACHE_TTL: "30s",
    LISTEN_ADDRESS: "127.0.0.1:0",
  });
  try {
    const at = secretDoor(caching, world.authority.pem);
    const resource = `tagged/${NAMESPACE_TAG}`;
    trust("tagged", { allow: [{ action: "secretsmanager:GetSecretValue", resource }] });
    const ask = (who: PodOptions) =>
      askWith({ ...who, annotations: { "aws-secret-name": "tagged/shop" } }, ["password"], at);
    const cart = newcomer();
    const first = await ask(cart);
    expect([first.status, actions(first.calls)]).toEqual([200, ONCE]);
    const second = await ask(cart);
    expect([second.status, actions(second.calls)]).toEqual([200, []]);
    const till = await ask(newcomer());
    expect([till.status, actions(till.calls)]).toEqual([200, ONCE]);
    const bank = await ask(newcomer("bank"));
    expect([bank.status, actions(bank.calls)]).toEqual([400, ONCE]);
    expect(bank.audit).toMatchObject({ code: "aws_access_denied" });
    at.expectDiscretion();
  } finally {
    await caching.stop();
  }
});

describe("where the role is not given", () => {
  const expectRefused = async (action: string) => {
    const { status, body, audit, calls } = await askAs(newcomer(), "closed/db");
    expect(status).toBe(400);
    expect(body).toStartWith(`secret closed/db in ${REGION}: role ${role("closed")}: AccessDenied: User: `);
    expect(body).toContain(`is not authorized to perform: ${action} on resource: ${role("closed")}`);
    expect(body).toContain("must be allowed sts:AssumeRole and sts:TagSession");
    expect(audit).toMatchObject({ code: "aws_access_denied", role: role("closed") });
    expect(actions(calls)).toEqual(["AssumeRole"]);
  };

  test("for it does not trust the webhook, that is said with what to do", () =>
    expectRefused("sts:AssumeRole"));

  test("for it trusts another, that is said", async () => {
    trust("closed", { trusts: `arn:aws:iam::${HOME}:user/another` });
    await expectRefused("sts:AssumeRole");
  });

  test("for it wants an external id, that is said", async () => {
    trust("closed", { externalId: "of-another" });
    await expectRefused("sts:AssumeRole");
  });

  test("for it takes no tags, that is said", async () => {
    trust("closed", { refusesTags: true });
    await expectRefused("sts:TagSession");
  });

  test("now, whoever asks is told to come again", async () => {
    trust("closed");
    const answer = { status: 400, code: "Throttling" };
    const throttling = world.aws.disturb({ action: "AssumeRole", answer });
    const { status, headers, audit } = await askAs(newcomer(), "closed/db");
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    expect(audit).toMatchObject({ code: "aws_throttled" });
    throttling.end();
    expect((await askAs(newcomer(), "closed/db")).status).toBe(200);
  });
});

test("a secret of another account is not given by ARN without a role", async () => {
  const { arn } = putSecret("abroad/db", ABROAD);
  const plain = await startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    PIGGY_ASSUME_ROLES: "",
  });
  const other = secretDoor(plain, world.authority.pem);
  const { status, audit } = await askWith({ annotations: { "aws-secret-name": arn } }, ["password"], other);
  await plain.stop();
  expect([status, audit?.["code"]]).toEqual([400, "aws_access_denied"]);
});

test("PIGGY_ALLOWED_SECRETS is held against the account that the role led to", async () => {
  trust("piggy", { externalId: "cluster-1" }, ABROAD);
  const strict = await startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    PIGGY_ALLOWED_SECRETS: `arn:aws:secretsmanager:*:${HOME}:secret:abroad/*`,
  });
  const other = secretDoor(strict, world.authority.pem);
  const annotations = { "aws-secret-name": "abroad/db" };
  const { status, audit } = await askWith({ annotations }, ["password"], other);
  await strict.stop();
  expect(status).toBe(403);
  expect(audit?.["reason"]).toContain(
    `does not name arn:aws:secretsmanager:${REGION}:${ABROAD}:secret:abroad/`,
  );
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
