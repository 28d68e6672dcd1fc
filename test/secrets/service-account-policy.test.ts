import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { HUSH, NOT_ALLOWED, ownToken, requestOf, type SecretDoor, secretDoor, startPod } from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** The answer to shop:cart for a secret with this policy, or with none. */
async function askUnder(policy: unknown, door: SecretDoor) {
  const secret = {
    password: `${HUSH}password`,
    ...(policy === undefined ? {} : { PIGGY_ALLOWED_SA: policy }),
  };
  world.aws.putSecret({ region: REGION, name: "shop/cart", value: JSON.stringify(secret) });
  const pod = await startPod(world.kubernetes);
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod));
}

async function askForPath(policy: string | undefined, path: string, door: SecretDoor) {
  const put = (name: string, value: string) =>
    world.aws.putParameter({ region: REGION, name: `${path}/${name}`, value });
  put("password", `${HUSH}parameter`);
  if (policy !== undefined) put("PIGGY_ALLOWED_SA", policy);
  const pod = await startPod(world.kubernetes, { annotations: { "aws-ssm-parameter-path": path } });
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod));
}

describe("PIGGY_ALLOWED_SA in a secret", () => {
  let door: SecretDoor;

  beforeAll(() => {
    door = secretDoor(world.webhook, world.authority.pem);
  });

  test.each<[string, unknown]>([
    ["names it", "shop:cart"],
    ["names it after others", "shop:till,books:cart,shop:cart"],
    ["names it among spaces", "  shop:till , shop:cart\t,\n"],
    ["is not there", undefined],
    ["is null, which counts as not there", null],
  ])("lets a service account in when it %s", async (_, policy) => {
    const answer = await askUnder(policy, door);
    expect([answer.status, answer.body]).toEqual([200, JSON.stringify({ password: `${HUSH}password` })]);
  });

  test.each<[string, unknown]>([
    ["is empty", ""],
    ["is a comma", ","],
    ["names others", "shop:till,books:cart"],
    ["names its beginning", "shop:car"],
    ["names what begins with it", "shop:cart2"],
    ["names it in another case", "Shop:Cart"],
    ["names it without its namespace", "cart"],
    ["names it by a pattern", "shop:*"],
    ["names it parted by a space", "shop: cart"],
    ["is a JSON list", ["shop:cart"]],
  ])("keeps a service account out when it %s", async (_, policy) => {
    const answer = await askUnder(policy, door);
    expect([answer.status, answer.body]).toEqual([403, NOT_ALLOWED]);
    expect(answer.audit).toMatchObject({
      decision: "denied",
      code: "not_allowed",
      reason: "PIGGY_ALLOWED_SA does not name shop:cart",
      secret: "shop/cart",
    });
  });

  test("has the same say as a parameter below a path", async () => {
    expect((await askForPath("shop:cart", "/policy/in", door)).status).toBe(200);
    expect((await askForPath("shop:till", "/policy/out", door)).status).toBe(403);
    expect((await askForPath(undefined, "/policy/none", door)).status).toBe(200);
  });

  test("keeps everybody out of a path where it may be either of two parameters", async () => {
    for (const name of ["a", "b"]) {
      const policy = { region: REGION, name: `/policy/twice/${name}/PIGGY_ALLOWED_SA`, value: "shop:cart" };
      world.aws.putParameter(policy);
    }
    const answer = await askForPath(undefined, "/policy/twice", door);
    expect([answer.status, answer.body]).toEqual([403, NOT_ALLOWED]);
    expect(answer.audit?.["reason"]).toContain("PIGGY_ALLOWED_SA stands in more than one parameter");
  });

  test("is asked about with discretion", () => door.expectDiscretion());
});

describe.each<[string, boolean]>([
  ["true", true],
  ["1", true],
  ["yes, please", true],
  ["false", false],
  ["", false],
])("PIGGY_ENFORCE_SERVICE_ACCOUNT=%p", (value, isEnforced) => {
  let webhook: WebhookProcess;
  let door: SecretDoor;

  beforeAll(async () => {
    webhook = await startWebhook({
      ...world.environment,
      LISTEN_ADDRESS: "127.0.0.1:0",
      PIGGY_ENFORCE_SERVICE_ACCOUNT: value,
    });
    door = secretDoor(webhook, world.authority.pem);
  });
  afterAll(() => webhook.stop());

  test(`${isEnforced ? "refuses" : "gives"} a secret without PIGGY_ALLOWED_SA`, async () => {
    const answer = await askUnder(undefined, door);
    expect(answer.status).toBe(isEnforced ? 403 : 200);
    if (isEnforced) {
      expect(answer.body).toBe(NOT_ALLOWED);
      expect(answer.audit?.["reason"]).toBe(
        "PIGGY_ENFORCE_SERVICE_ACCOUNT is set and the secret has no PIGGY_ALLOWED_SA",
      );
    }
  });

  test(`${isEnforced ? "refuses" : "gives"} a path without PIGGY_ALLOWED_SA`, async () => {
    expect((await askForPath(undefined, "/enforced/none", door)).status).toBe(isEnforced ? 403 : 200);
  });

  test("gives a secret that names the service account, and no other", async () => {
    expect((await askUnder("shop:cart", door)).status).toBe(200);
    expect((await askUnder("shop:till", door)).status).toBe(403);
  });

  test("is heeded with discretion", () => door.expectDiscretion());
});

test("no Pod can switch PIGGY_ENFORCE_SERVICE_ACCOUNT off by an annotation", async () => {
  const strict = await startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    PIGGY_ENFORCE_SERVICE_ACCOUNT: "true",
  });
  try {
    const door = secretDoor(strict, world.authority.pem);
    const value = JSON.stringify({ password: `${HUSH}password` });
    world.aws.putSecret({ region: REGION, name: "shop/cart", value });
    const annotations = { "aws-secret-name": "shop/cart", "piggy-enforce-service-account": "false" };
    const pod = await startPod(world.kubernetes, { annotations });
    expect((await door.ask(await ownToken(world.kubernetes, pod), requestOf(pod))).status).toBe(403);
  } finally {
    await strict.stop();
  }
});
