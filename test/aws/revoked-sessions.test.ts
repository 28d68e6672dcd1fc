/** What becomes of a role's sessions that somebody revokes, by a clock of the test's own. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createAwsClock } from "../../lib/aws/clock.ts";
import { createOwnCredentials } from "../../lib/aws/own-credentials.ts";
import { createRoleCredentials } from "../../lib/aws/role-credentials.ts";
import { sendByFetch } from "../../lib/aws/send.ts";
import { createWebhookStore } from "../../lib/aws/webhook-store.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { caught } from "../registry/caught.ts";

const REGION = "eu-west-1";
const KEY = { accessKeyId: "AKIAWEBHOOK", secretAccessKey: "secret" };
const USER = "arn:aws:iam::111122223333:user/AKIAWEBHOOK";
const ROLE = "arn:aws:iam::111122223333:role/of-the-shop";
const ALLOWED = ["shop/cart", "shop/none"].map(
  (resource) => ({ action: "secretsmanager:GetSecretValue", resource }) as const,
);

let aws: AwsFake;
beforeAll(async () => {
  aws = await startAws();
  aws.addUser(KEY);
  aws.addTrustingRole(ROLE, { trusts: USER, allow: ALLOWED });
  for (const name of ["shop/cart", "shop/other"]) aws.putSecret({ region: REGION, name, value: '{"a":"b"}' });
});
afterAll(() => aws.stop());

const clock = { now: 0 };
let store: ReturnType<typeof createWebhookStore>;
beforeEach(async () => {
  clock.now = 0;
  const own = { AWS_ACCESS_KEY_ID: KEY.accessKeyId, AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey };
  Object.assign(process.env, own);
  store = createWebhookStore({ AWS_ENDPOINT_URL: aws.url, AWS_REGION: REGION }, undefined, () => clock.now);
  await read();
});
afterAll(() => {
  delete process.env["AWS_ACCESS_KEY_ID"];
  delete process.env["AWS_SECRET_ACCESS_KEY"];
});

const role = { arn: ROLE, namespace: "shop", serviceAccount: "cart" };
function read(name = "shop/cart") {
  const location = { kind: "secret", name, region: REGION, version: "AWSCURRENT", role } as const;
  return store.readStore(location, AbortSignal.timeout(10_000));
}
/** What is asked of AWS by it. */
async function actionsOf(call: () => Promise<unknown>): Promise<readonly string[]> {
  const before = aws.requests.length;
  await call();
  return aws.requests.slice(before).map(({ action }) => action);
}
const refused = (name?: string) => caught(() => read(name));

test("one that a minute has passed for gives way to another, and nobody notices", async () => {
  aws.revokeSessions(ROLE);
  clock.now = 60_000;
  const actions = ["GetSecretValue", "AssumeRole", "GetSecretValue"];
  expect(await actionsOf(read)).toEqual(actions);
  expect(await actionsOf(read)).toEqual(["GetSecretValue"]);
});

test("a younger one does not, so that STS is not asked at every refusal", async () => {
  aws.revokeSessions(ROLE);
  clock.now = 59_999;
  expect(await actionsOf(refused)).toEqual(["GetSecretValue"]);
  expect((await refused()).code).toBe("aws_access_denied");
});

test("where the role has no right, its refusal is told after one more session a minute", async () => {
  clock.now = 60_000;
  const actions = ["GetSecretValue", "AssumeRole", "GetSecretValue"];
  expect(await actionsOf(() => refused("shop/other"))).toEqual(actions);
  clock.now = 119_999;
  expect(await actionsOf(() => refused("shop/other"))).toEqual(["GetSecretValue"]);
  const { code, message } = await refused("shop/other");
  expect(code).toBe("aws_access_denied");
  expect(message).toContain("secret shop/other");
});

test("of a refusal for any other reason nothing is renewed", async () => {
  clock.now = 60_000;
  expect(await actionsOf(() => refused("shop/none"))).toEqual(["GetSecretValue"]);
});

test("of those who wait at the same time one asks for another session", async () => {
  aws.revokeSessions(ROLE);
  clock.now = 60_000;
  const actions = await actionsOf(() => Promise.all(Array.from({ length: 8 }, () => read())));
  expect(actions.filter((action) => action === "AssumeRole")).toHaveLength(1);
});

test("one that is refused where there is no other is refused in the store's words", async () => {
  aws.revokeSessions(ROLE);
  clock.now = 60_000;
  aws.failNext({ action: "AssumeRole", status: 403, code: "AccessDenied", times: 1 });
  expect((await refused()).message).toContain("secret shop/cart");
});

test("so it is with the webhook's own identity", async () => {
  const location = { kind: "secret", name: "shop/cart", region: REGION, version: "AWSCURRENT" } as const;
  const own = () => store.readStore(location, AbortSignal.timeout(10_000));
  const other = { accessKeyId: "AKIAOTHER", secretAccessKey: "another" };
  await own();
  aws.addUser({ ...KEY, allow: [] });
  aws.addUser(other);
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: other.accessKeyId,
    AWS_SECRET_ACCESS_KEY: other.secretAccessKey,
  });
  clock.now = 60_000;
  expect(await actionsOf(own)).toEqual(["GetSecretValue", "GetSecretValue"]);
  expect(await actionsOf(own)).toEqual(["GetSecretValue"]);
  aws.addUser(KEY);
});

describe("the webhook's own identity", () => {
  let looked: (() => Promise<string>)[];
  /** The key that is given in the place of a refused one, where there is one. */
  let get: (refused?: string) => Promise<string>;
  beforeEach(() => {
    looked = [];
    let loads = 0;
    const load = async () => {
      loads += 1;
      const ofThis = looked[loads - 1] ?? (async () => `ASIA${loads}`);
      const key = await ofThis();
      return async () => ({ accessKeyId: key, secretAccessKey: "secret" });
    };
    const own = createOwnCredentials({}, { elapsed: () => clock.now, load });
    const location = { kind: "secret", name: "shop/cart", region: REGION } as const;
    get = async (refusedKey) => {
      const shown = refusedKey === undefined ? undefined : { accessKeyId: refusedKey, secretAccessKey: "" };
      return (await own(location, AbortSignal.timeout(10_000), shown)).accessKeyId;
    };
  });

  test("is looked for again once a minute", async () => {
    expect(await get()).toBe("ASIA1");
    clock.now = 59_999;
    expect(await get("ASIA1")).toBe("ASIA1");
    clock.now = 60_000;
    expect(await Promise.all([get("ASIA1"), get("ASIA1")])).toEqual(["ASIA2", "ASIA2"]);
    // Whoever was refused with the same, and hears of it later.
    expect(await get("ASIA1")).toBe("ASIA2");
    clock.now = 119_999;
    expect(await get("ASIA2")).toBe("ASIA2");
    clock.now = 120_000;
    expect(await get("ASIA2")).toBe("ASIA3");
  });

  test("serves everybody else while another is looked for, and after that has failed", async () => {
    const slow = Promise.withResolvers<string>();
    looked = [async () => "ASIA1", () => slow.promise];
    expect(await get()).toBe("ASIA1");
    clock.now = 60_000;
    const renewed = get("ASIA1");
    expect(await get()).toBe("ASIA1");
    slow.reject(new Error("nobody answers"));
    expect((await caught(() => renewed)).code).toBe("aws_unavailable");
    expect(await get()).toBe("ASIA1");
    expect(await get("ASIA1")).toBe("ASIA1");
  });

  test("is looked for by the next one where the first could not even begin", async () => {
    looked = [async () => Promise.reject(new Error("not installed"))];
    await caught(() => get());
    expect(await get()).toBe("ASIA2");
  });
});

test("a role is assumed by the identity that comes in the place of one whose session was revoked", async () => {
  const old = { accessKeyId: "AKIAREVOKED", secretAccessKey: "secret" };
  aws.addUser({ ...old, allow: [] });
  const credentials = createRoleCredentials({
    environment: { AWS_ENDPOINT_URL: aws.url, AWS_REGION: REGION },
    own: async (_location, _signal, refused) => (refused?.accessKeyId === old.accessKeyId ? KEY : old),
    send: sendByFetch,
    clock: createAwsClock(),
  });
  const location = { kind: "secret", name: "shop/cart", region: REGION, role } as const;
  const begin = () => credentials(location, AbortSignal.timeout(10_000));
  expect(await actionsOf(begin)).toEqual(["AssumeRole", "AssumeRole"]);
  expect((await begin()).accessKeyId).toStartWith("ASIA");
});
