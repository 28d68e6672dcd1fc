/** References to secrets and parameters of their own: who may not have them. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../../support/webhook.ts";
import { REGION, startWorld, type World } from "../../support/world.ts";
import {
  type Answer,
  defaultToken,
  HUSH,
  joinedSignature,
  NOT_ALLOWED,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
  storedWith,
} from "../asking.ts";
import { olderPod } from "../older-pod.ts";

setDefaultTimeout(60_000);

const VAULT = "//sm/bank/vault#/pin";

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
});
beforeEach(() => {
  world.aws.putSecret({ region: REGION, name: "shop/cart", value: `{"password":"${HUSH}cart"}` });
  world.aws.putSecret({ region: REGION, name: "bank/vault", value: `{"pin":"${HUSH}pin"}` });
  world.aws.putParameter({ region: REGION, name: "/bank/PIN", value: `${HUSH}parameter` });
});
afterAll(() => world.stop());

/** Denied by the reason alone that the audit line has, and before AWS was asked for anything. */
async function expectDenied(ask: () => Promise<Answer>, reason: RegExp): Promise<void> {
  const before = world.aws.requests.length;
  const { status, body, audit, headers } = await ask();
  expect([status, body, headers.get("x-piggy-unresolved")]).toEqual([403, NOT_ALLOWED, null]);
  expect(audit).toMatchObject({ level: "warn", decision: "denied", code: "not_allowed" });
  expect(audit?.["reason"]).toMatch(reason);
  expect(world.aws.requests.slice(before)).toEqual([]);
}

const askAs = async (pod: StartedPod, keys: readonly string[]) =>
  door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, keys));

const NOT_WRITTEN = /^the container's stored env does not refer to "\/\/sm\/bank\/vault/;

describe("an entry is denied", () => {
  test.each<[string, PodOptions]>([
    ["that nobody wrote", {}],
    ["that is written in another container", { sidecar: { PIN: `piggy:${VAULT}` } }],
    [
      "that is written in an annotation",
      { annotations: { "aws-secret-name": "shop/cart", note: `piggy:${VAULT}` } },
    ],
    ["that is written in the command", { argv: ["/bin/app", `piggy:${VAULT}`] }],
    ["that is text behind a double dollar", { env: { A: "piggy:password", PIN: `x $$$\${piggy:${VAULT}}` } }],
    ["that the kubelet makes text", { env: { A: "piggy:password", PIN: `$$\${piggy:${VAULT}}` } }],
    ["that is written without its pointer", { env: { A: "piggy:password", PIN: "piggy://sm/bank/vault" } }],
    [
      "that is written with another pointer",
      { env: { A: "piggy:password", PIN: "piggy://sm/bank/vault#/p" } },
    ],
    ["that is a part of another", { env: { A: "piggy:password", PIN: `piggy:${VAULT}x` } }],
  ])("%s", async (_what, options) => {
    const pod = await startPod(world.kubernetes, options);
    await expectDenied(() => askAs(pod, [VAULT]), NOT_WRITTEN);
    await expectDenied(() => askAs(pod, ["password", VAULT]), NOT_WRITTEN);
  });

  test("that would come of a variable, where admission did not say so", async () => {
    const pod = await startPod(world.kubernetes);
    const env = { S: "vault", PIN: "piggy://sm/bank/$(S)#/pin" };
    await expectDenied(() => askAs(storedWith(world.kubernetes, pod, env), [VAULT]), NOT_WRITTEN);
  });

  test.each(["PIGGY_ADDRESS", "PIGGY_AWS_SECRET_NAME"])("that only %s names", async (variable) => {
    const pod = await startPod(world.kubernetes);
    const changed = storedWith(world.kubernetes, pod, { [variable]: `piggy:${VAULT}` });
    await expectDenied(() => askAs(changed, [VAULT]), NOT_WRITTEN);
  });

  test("that another container's record names", async () => {
    const pod = await startPod(world.kubernetes, { sidecar: { A: "piggy:password" } });
    const changed = storedWith(world.kubernetes, pod, { PIGGY_REFERENCES: JSON.stringify([VAULT]) });
    const [, sidecar] = changed.stored.spec.containers;
    const uid = sidecar?.env?.find(({ name }) => name === "PIGGY_UID")?.value ?? "";
    expect(uid).toHaveLength(32);
    await expectDenied(() => askAs({ ...changed, uid, argv: ["/bin/sidecar"] }, [VAULT]), NOT_WRITTEN);
    expect((await askAs(changed, [VAULT])).status).toBe(200);
  });

  test.each(["{", `{"0":"${VAULT}"}`, `"${VAULT}"`, `[["${VAULT}"]]`, "null"])(
    "where the record is %j",
    async (record) => {
      const pod = await startPod(world.kubernetes);
      const changed = storedWith(world.kubernetes, pod, { PIGGY_REFERENCES: record });
      await expectDenied(() => askAs(changed, [VAULT]), NOT_WRITTEN);
    },
  );

  test.each([
    "//",
    "//sm",
    "//sm/",
    "//sm/%zz",
    "//x/y",
    "//sm/../bank/vault",
    "//sm/bank/vault#/pin\n",
    "// ",
  ])("that is malformed: %j", async (key) => {
    const pod = await startPod(world.kubernetes, { env: { PIN: `piggy:${VAULT}` } });
    await expectDenied(() => askAs(pod, [key]), /^the container's stored env does not refer to "\/\//);
  });

  test("among ten thousand, each as long as a request allows, and the audit line stays short", async () => {
    const pod = await startPod(world.kubernetes, { env: { PIN: `piggy:${VAULT}` } });
    const keys = Array.from({ length: 10_000 }, (_, index) => `//sm/bank/vault-${index}-${"x".repeat(60)}`);
    await expectDenied(() => askAs(pod, keys), NOT_WRITTEN);
    await expectDenied(() => askAs(pod, [`//sm/bank/vault${"x".repeat(900_000)}`]), NOT_WRITTEN);
    expect(JSON.stringify(door.decisions().at(-1)).length).toBeLessThan(2_000);
  });

  test("for a Pod of an older webhook, whose environment anybody could have named", async () => {
    const pod = olderPod(world.kubernetes);
    const changed = storedWith(world.kubernetes, pod, { PIN: `piggy:${VAULT}` });
    const signature = joinedSignature(changed.argv);
    const ask = async () =>
      door.ask(await defaultToken(world.kubernetes, changed), { ...requestOf(changed, [VAULT]), signature });
    await expectDenied(ask, /a token of our own/);
  });

  test("for a command that is not the one that was admitted", async () => {
    const pod = await startPod(world.kubernetes, { env: { PIN: `piggy:${VAULT}` } });
    await expectDenied(() => askAs({ ...pod, argv: ["/bin/sh"] }, [VAULT]), /command/);
  });
});

describe("an entry is given", () => {
  test.each<[string, PodOptions["env"]]>([
    ["that is the whole of a value", { PIN: `piggy:${VAULT}` }],
    ["that is written in capitals, with a line break behind it", { PIN: `PIGGY:${VAULT}\n` }],
    ["that stands in the midst of a value", { PIN: `a-\${piggy:password}-\${piggy:${VAULT}}-b` }],
    ["that has a default", { PIN: `\${piggy:${VAULT}:-none}` }],
    ["behind dollars that the kubelet takes for one, and a dollar", { PIN: `$$$$\${piggy:${VAULT}}` }],
  ])("%s", async (_what, env = {}) => {
    const pod = await startPod(world.kubernetes, { env });
    const { status, body } = await askAs(pod, [VAULT]);
    expect([status, JSON.parse(body)]).toEqual([200, { [VAULT]: `${HUSH}pin` }]);
  });

  test("by the name that the kubelet hands on", async () => {
    world.aws.putSecret({ region: REGION, name: "bank/vault", value: `{"$":"${HUSH}dollar"}` });
    const pod = await startPod(world.kubernetes, { env: { PIN: "piggy://sm/bank/vault#/$$" } });
    const key = "//sm/bank/vault#/$";
    expect(JSON.parse((await askAs(pod, [key])).body)).toEqual({ [key]: `${HUSH}dollar` });
    await expectDenied(() => askAs(pod, ["//sm/bank/vault#/$$"]), NOT_WRITTEN);
  });

  test("that stands in the record which admission made, as the kubelet would hand it on", async () => {
    const keys = ["//sm/bank/vault#/$(x", "//sm/bank/vault#/$$"];
    world.aws.putSecret({ region: REGION, name: "bank/vault", value: `{"$(x":"${HUSH}1","$$":"${HUSH}2"}` });
    const pod = await startPod(world.kubernetes);
    const record = JSON.stringify(keys).replaceAll("$", "$$$$");
    const changed = storedWith(world.kubernetes, pod, { PIGGY_REFERENCES: record });
    expect(JSON.parse((await askAs(changed, keys)).body)).toEqual({
      "//sm/bank/vault#/$(x": `${HUSH}1`,
      "//sm/bank/vault#/$$": `${HUSH}2`,
    });
  });
});

describe("PIGGY_ALLOWED_SA in a secret", () => {
  const put = (policy: unknown) =>
    world.aws.putSecret({
      region: REGION,
      name: "bank/vault",
      value: JSON.stringify({ pin: `${HUSH}pin`, PIGGY_ALLOWED_SA: policy }),
    });
  const ask = async (key: string) =>
    askAs(await startPod(world.kubernetes, { env: { PIN: `piggy:${key}` } }), [key]);

  test.each([VAULT, "//sm/bank/vault", "//sm/bank/vault?encoding=base64", "//sm/bank/vault#"])(
    "refuses whom it does not name, however the secret is read: %s",
    async (key) => {
      put("bank:teller");
      const { status, body, audit } = await ask(key);
      expect([status, body]).toEqual([403, NOT_ALLOWED]);
      expect(audit).toMatchObject({
        code: "not_allowed",
        reason: `secret bank/vault in ${REGION}: PIGGY_ALLOWED_SA does not name shop:cart`,
        entries: [{ secret: "bank/vault", region: REGION }],
      });
    },
  );

  test("refuses in a binary secret as well", async () => {
    const value = new TextEncoder().encode(`{"pin":"${HUSH}","PIGGY_ALLOWED_SA":"bank:teller"}`);
    world.aws.putSecret({ region: REGION, name: "bank/vault", value });
    expect((await ask(VAULT)).status).toBe(403);
  });

  test("refuses all that is asked where the Pod's own secret refuses", async () => {
    put("shop:cart");
    const value = `{"password":"${HUSH}","PIGGY_ALLOWED_SA":"bank:teller"}`;
    world.aws.putSecret({ region: REGION, name: "shop/cart", value });
    const pod = await startPod(world.kubernetes, { env: { A: "piggy:password", PIN: `piggy:${VAULT}` } });
    const { status, body, headers } = await askAs(pod, ["password", VAULT]);
    expect([status, body, headers.get("x-piggy-unresolved")]).toEqual([403, NOT_ALLOWED, null]);
  });

  test("lets in whom it names", async () => {
    put("bank:teller, shop:cart");
    expect(JSON.parse((await ask(VAULT)).body)).toEqual({ [VAULT]: `${HUSH}pin` });
  });
});

describe("where PIGGY_ALLOWED_SA is enforced", () => {
  let enforcing: WebhookProcess;
  let enforced: SecretDoor;
  beforeAll(async () => {
    enforcing = await startWebhook({
      ...world.environment,
      LISTEN_ADDRESS: "127.0.0.1:0",
      PIGGY_ENFORCE_SERVICE_ACCOUNT: "true",
    });
    enforced = secretDoor(enforcing, world.authority.pem);
  });
  afterAll(() => enforcing.stop());

  const ask = async (key: string) => {
    const pod = await startPod(world.kubernetes, { env: { PIN: `piggy:${key}` } });
    return enforced.ask(await ownToken(world.kubernetes, pod), requestOf(pod, [key]));
  };

  test.each([
    ["//ssm/bank/PIN", "a parameter has no PIGGY_ALLOWED_SA"],
    ["//sm/bank/vault", "a reference to a whole secret has no PIGGY_ALLOWED_SA"],
    ["//sm/bank/vault?encoding=base64", "a reference to a whole secret has no PIGGY_ALLOWED_SA"],
  ])("%s is denied before it is read", async (key, reason) => {
    const before = world.aws.requests.length;
    const { status, body, audit } = await ask(key);
    expect([status, body]).toEqual([403, NOT_ALLOWED]);
    expect(audit?.["reason"]).toContain(reason);
    expect(world.aws.requests.slice(before)).toEqual([]);
  });

  test.each([
    ["has no such key", '{"pin":"hush-pin"}', "the secret has no PIGGY_ALLOWED_SA"],
    ["is a list", '["hush-pin"]', "the secret has no PIGGY_ALLOWED_SA"],
    ["names others", '{"pin":"hush-pin","PIGGY_ALLOWED_SA":"bank:teller"}', "does not name shop:cart"],
  ])("a pointer into a secret that %s is denied", async (_what, value, reason) => {
    world.aws.putSecret({ region: REGION, name: "bank/vault", value });
    const { status, body, audit } = await ask(VAULT);
    expect([status, body]).toEqual([403, NOT_ALLOWED]);
    expect(audit?.["reason"]).toContain(reason);
  });

  test("a pointer into a secret that names the service account is answered", async () => {
    const value = `{"pin":"${HUSH}pin","PIGGY_ALLOWED_SA":"shop:cart"}`;
    world.aws.putSecret({ region: REGION, name: "bank/vault", value });
    expect(JSON.parse((await ask(VAULT)).body)).toEqual({ [VAULT]: `${HUSH}pin` });
  });

  test("no output holds a token or a value", () => enforced.expectDiscretion());
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
