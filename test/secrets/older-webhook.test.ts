import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  accountOf,
  boundTo,
  defaultToken,
  HUSH,
  joinedSignature,
  NOT_ALLOWED,
  olderRequestOf,
  ownToken,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";
import { type OlderPodOptions, olderPod } from "./older-pod.ts";

setDefaultTimeout(60_000);

const SECRET = {
  password: `${HUSH}password`,
  user: `${HUSH}user`,
  PIGGY_BANK_URL: `${HUSH}bank`,
};

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld({ environment: { AWS_SECRET_VERSION: "" } });
  door = secretDoor(world.webhook, world.authority.pem);
  const policy = { PIGGY_ALLOWED_SA: "shop:cart", PIGGY_AWS_REGION: `${HUSH}region` };
  const put = (name: string, value: object, region = REGION) =>
    world.aws.putSecret({ region, name, value: JSON.stringify(value) });
  put("shop/cart", { ...SECRET, ...policy });
  put("shop/elsewhere", { password: `${HUSH}elsewhere` }, "eu-central-1");
  put("shop/till", { password: `${HUSH}till` });
  put("shop/versions", { password: `${HUSH}older` });
  put("shop/versions", { password: `${HUSH}newer` });
  world.aws.putParameter({ region: REGION, name: "/shop/cart/password", value: `${HUSH}parameter` });
});
afterAll(() => world.stop());

/** Asks as the injector of an older release does, for a Pod as an older webhook left it. */
async function askOlder(options: OlderPodOptions, change: object = {}, through = door) {
  const pod = olderPod(world.kubernetes, options);
  return through.ask(await defaultToken(world.kubernetes, pod), { ...olderRequestOf(pod), ...change });
}

describe("a Pod that an older webhook admitted", () => {
  test("gets every key but ours with its default token", async () => {
    const { status, body, audit } = await askOlder({});
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual(SECRET);
    expect(audit).toMatchObject({ decision: "allowed", secret: "shop/cart", keys: Object.keys(SECRET) });
  });

  test("gets what a newer injector asks for, when one asks", async () => {
    const { body } = await askOlder({}, { references: ["user"] });
    expect(JSON.parse(body)).toEqual({ user: SECRET.user });
  });

  test("is read by its annotations: version, region, path", async () => {
    const read = async (annotations: Readonly<Record<string, string>>) =>
      JSON.parse((await askOlder({ annotations })).body).password;
    expect(await read({ "aws-secret-name": "shop/versions", "aws-secret-version": "AWSPREVIOUS" })).toBe(
      `${HUSH}older`,
    );
    expect(await read({ "aws-secret-name": "shop/versions" })).toBe(`${HUSH}newer`);
    expect(await read({ "aws-secret-name": "shop/elsewhere", "aws-region": "eu-central-1" })).toBe(
      `${HUSH}elsewhere`,
    );
    expect(await read({ "aws-ssm-parameter-path": "/shop/cart" })).toBe(`${HUSH}parameter`);
    expect(await read({})).toBe(SECRET.password);
  });

  test("is read by the default name when its annotations name no secret", async () => {
    const { body } = await askOlder({ serviceAccount: "till", annotations: { "aws-secret-name": "" } });
    expect(JSON.parse(body)).toEqual({ password: `${HUSH}till` });
  });

  test("may sign arguments that are parted elsewhere, for its signature cannot tell", async () => {
    const argv = ["sh", "-c", "a b"];
    expect((await askOlder({ argv }, { signature: joinedSignature(["sh", "-c", "a", "b"]) })).status).toBe(
      200,
    );
  });

  test("may have several containers, each with its own signature", async () => {
    const pod = olderPod(world.kubernetes, { otherUid: "b".repeat(32) });
    const token = await defaultToken(world.kubernetes, pod);
    const request = olderRequestOf(pod);
    const other = { uid: "b".repeat(32), signature: joinedSignature(["/bin/sidecar"]) };
    expect((await door.ask(token, { ...request, ...other })).status).toBe(200);
    expect((await door.ask(token, { ...request, uid: other.uid })).status).toBe(403);
    expect((await door.ask(token, { ...request, signature: other.signature })).status).toBe(403);
  });

  test("is let off its signature by piggy-enforce-integrity: false", async () => {
    const annotations = { "piggy-enforce-integrity": "false" };
    expect((await askOlder({ annotations }, { signature: "" })).status).toBe(200);
  });

  test.each<[string, object]>([
    ["with no signature", { signature: "" }],
    ["with another command's signature", { signature: joinedSignature(["/bin/other"]) }],
    ["with no uid", { uid: "" }],
    ["with no uid and no signature", { uid: "", signature: "" }],
    ["with a uid that is a part of every object", { uid: "constructor", signature: "" }],
    ["with a uid that is every object's prototype", { uid: "__proto__", signature: "" }],
    ["with a uid of nobody's", { uid: "c".repeat(32), signature: "" }],
    ["with another Pod's name", { name: "cart-0" }],
  ])("is denied %s", async (_, change) => {
    const { status, body } = await askOlder({}, change);
    expect([status, body]).toEqual([403, NOT_ALLOWED]);
  });

  test.each<[string, string | undefined]>([
    ["is gone", undefined],
    ["is empty", ""],
    ["is not JSON", "{"],
    ["is a list", "[]"],
    ["lists no uid", "{}"],
    ["lists an empty signature", JSON.stringify({ ["a".repeat(32)]: "" })],
    ["lists a signature that is no text", JSON.stringify({ ["a".repeat(32)]: true })],
  ])("is denied when its annotation piggy-uid %s", async (_, piggyUid) => {
    for (const enforce of ["true", "false"]) {
      const annotations = { "piggy-enforce-integrity": enforce };
      const { status, body, audit } = await askOlder(
        { annotations, piggyUid: { is: piggyUid } },
        { signature: "" },
      );
      expect([status, body]).toEqual([403, NOT_ALLOWED]);
      expect(audit?.["reason"]).toBe("piggysec.com/piggy-uid has no signature for this uid");
    }
  });
});

describe("a Pod with an injector of another repository", () => {
  test("gets every key but ours with its default token, by its stored spec", async () => {
    const annotations = {
      "aws-secret-name": "shop/cart",
      "piggy-env-image": "mirror.example.com/piggy-env:0.7.1",
    };
    const pod = await startPod(world.kubernetes, { annotations });
    const token = await defaultToken(world.kubernetes, pod);
    const { status, body } = await door.ask(token, olderRequestOf(pod));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual(SECRET);
    world.kubernetes.patchPodAnnotations(pod.namespace, pod.name, {
      "piggysec.com/aws-secret-name": "shop/versions",
    });
    expect((await door.ask(token, olderRequestOf(pod))).body).toBe(body);
    expect((await door.ask(token, { ...olderRequestOf(pod), signature: "" })).status).toBe(403);
  });
});

describe.each<[string, Readonly<Record<string, number>>]>([
  ["auto", { older: 200, olderUnbound: 403, ours: 403, oursUnbound: 403, own: 200 }],
  ["", { older: 200, olderUnbound: 403, ours: 403, oursUnbound: 403, own: 200 }],
  ["perhaps", { older: 200, olderUnbound: 403, ours: 403, oursUnbound: 403, own: 200 }],
  ["true", { older: 200, olderUnbound: 200, ours: 200, oursUnbound: 200, own: 200 }],
  ["false", { older: 403, olderUnbound: 403, ours: 403, oursUnbound: 403, own: 200 }],
])("PIGGY_ACCEPT_DEFAULT_TOKENS=%p", (value, expected) => {
  let webhook: WebhookProcess;
  let through: SecretDoor;

  beforeAll(async () => {
    webhook = await startWebhook({
      ...world.environment,
      LISTEN_ADDRESS: "127.0.0.1:0",
      PIGGY_ACCEPT_DEFAULT_TOKENS: value,
    });
    through = secretDoor(webhook, world.authority.pem);
  });
  afterAll(() => webhook.stop());

  const answerOf = (isAccepted: number | undefined) => (isAccepted === 200 ? "accepts" : "denies");

  test(`${answerOf(expected["older"])} the default token of a Pod of an older webhook`, async () => {
    expect((await askOlder({}, {}, through)).status).toBe(expected["older"] ?? 0);
  });

  test(`${answerOf(expected["olderUnbound"])} such a token that is bound to no Pod`, async () => {
    const pod = olderPod(world.kubernetes);
    const token = await world.kubernetes.token(accountOf(pod));
    expect((await through.ask(token, olderRequestOf(pod))).status).toBe(expected["olderUnbound"] ?? 0);
  });

  test(`${answerOf(expected["ours"])} the default token of a Pod that has one of its own for us`, async () => {
    const pod = await startPod(world.kubernetes);
    const token = await defaultToken(world.kubernetes, pod);
    expect((await through.ask(token, requestOf(pod))).status).toBe(expected["ours"] ?? 0);
  });

  test(`${answerOf(expected["oursUnbound"])} such a token that is bound to no Pod, where a Pod has one of its own`, async () => {
    const pod = await startPod(world.kubernetes);
    const token = await world.kubernetes.token(accountOf(pod));
    expect((await through.ask(token, requestOf(pod))).status).toBe(expected["oursUnbound"] ?? 0);
  });

  test("accepts the token that is for us", async () => {
    const pod = await startPod(world.kubernetes);
    expect((await through.ask(await ownToken(world.kubernetes, pod), requestOf(pod))).status).toBe(
      expected["own"] ?? 0,
    );
  });

  test("denies a token that is for us and bound to no Pod", async () => {
    const pod = await startPod(world.kubernetes);
    const token = await world.kubernetes.token({ ...accountOf(pod), audiences: ["piggysec.com"] });
    const { status, audit } = await through.ask(token, requestOf(pod));
    expect([status, audit?.["reason"]]).toEqual([403, "the token is bound to no Pod"]);
  });

  test("denies a token for somebody else", async () => {
    const pod = olderPod(world.kubernetes);
    const token = await world.kubernetes.token({
      ...accountOf(pod),
      pod: boundTo(pod),
      audiences: ["vault"],
    });
    expect((await through.ask(token, olderRequestOf(pod))).status).toBe(403);
  });

  test("denies a token of another service account", async () => {
    const pod = olderPod(world.kubernetes, { serviceAccount: "cart" });
    const token = await defaultToken(world.kubernetes, { ...pod, serviceAccount: "default" });
    expect((await through.ask(token, olderRequestOf(pod))).status).toBe(403);
  });

  test("is heeded with discretion", () => through.expectDiscretion());
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
