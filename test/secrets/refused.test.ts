import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, type World } from "../support/world.ts";
import {
  type Answer,
  HUSH,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
} from "./asking.ts";
import { startCart } from "./cart.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;
let token: string;

beforeAll(async () => {
  ({ world, door, pod, token } = await startCart());
});
afterAll(() => world.stop());

async function askAbout(annotations: Readonly<Record<string, string>>): Promise<Answer> {
  const other = await startPod(world.kubernetes, { annotations });
  return door.ask(await ownToken(world.kubernetes, other), requestOf(other));
}

describe("another method than POST", () => {
  test.each(["GET", "PUT", "DELETE", "PATCH"])("is answered 405: %s", async (method) => {
    const response = await fetch(`${world.url}/secret`, {
      method,
      headers: { "X-Token": token },
      ...(method === "GET" ? {} : { body: JSON.stringify(requestOf(pod)) }),
      tls: { ca: world.authority.pem },
    });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(await response.text()).toBe("use POST\n");
  });
});

describe("a body is answered 400", () => {
  const expected = 'expected {"resources":"pods","name","uid","signature"}: ';

  test.each<[string, string, string]>([
    ["that is empty", "", "the body is not a JSON object"],
    ["that is not JSON", "name=cart", "the body is not a JSON object"],
    ["that is a list", "[]", "the body is not a JSON object"],
    ["that is null", "null", "the body is not a JSON object"],
    ["that is cut off", '{"resources":"pods","na', "the body is not a JSON object"],
  ])("%s", async (_, body, message) => {
    const answer = await door.ask(token, body);
    expect([answer.status, answer.body]).toEqual([400, `${expected}${message}\n`]);
    expect(answer.audit).toMatchObject({ decision: "denied", code: "request_invalid" });
  });

  test.each<[string, object, string]>([
    ["whose resources is not pods", { resources: "secrets" }, 'resources is not "pods"'],
    ["whose resources is missing", { resources: undefined }, 'resources is not "pods"'],
    ["whose resources is a list", { resources: ["pods"] }, "resources is not a string"],
    ["whose name is a number", { name: 1 }, "name is not a string"],
    ["whose uid is an object", { uid: {} }, "uid is not a string"],
    ["whose signature is a boolean", { signature: true }, "signature is not a string"],
    ["whose references is a string", { references: "password" }, "references is not a list of strings"],
    ["whose references is null", { references: null }, "references is not a list of strings"],
    [
      "whose references holds a number",
      { references: ["password", 1] },
      "references is not a list of strings",
    ],
    [
      "whose references has more entries than an environment holds",
      { references: Array.from({ length: 10_001 }, () => "password") },
      "references is not a list of strings",
    ],
  ])("%s", async (_, change, message) => {
    const answer = await door.ask(token, { ...requestOf(pod), ...change });
    expect([answer.status, answer.body]).toEqual([400, `${expected}${message}\n`]);
  });

  test("that names no references, from a Pod that has a token of its own for us", async () => {
    const answer = await door.ask(token, { ...requestOf(pod), references: undefined });
    expect(answer.status).toBe(400);
    expect(answer.body).toBe("references is missing: name the keys that the container refers to\n");
    expect(answer.audit).toMatchObject({ decision: "denied", pod: "cart", code: "request_invalid" });
  });
});

describe("what AWS refuses is answered 400, with what was asked and AWS's own words", () => {
  test("for a secret that does not exist", async () => {
    const { status, headers, body, audit } = await askAbout({ "aws-secret-name": "shop/none" });
    expect([status, headers.get("x-piggy-code")]).toEqual([400, "secret_not_found"]);
    expect(body).toBe(
      `secret shop/none in ${REGION}: ResourceNotFoundException: Secrets Manager can't find the specified secret: ` +
        "it is named by the annotation piggysec.com/aws-secret-name, its region by AWS_REGION on piggy-webhooks\n",
    );
    expect(audit).toMatchObject({
      decision: "denied",
      code: "secret_not_found",
      secret: "shop/none",
      region: REGION,
    });
  });

  test("for a version that does not exist", async () => {
    const { status, body } = await askAbout({ "aws-secret-name": "shop/cart", "aws-secret-version": "NONE" });
    expect([status, body]).toEqual([400, expect.stringContaining("staging label: NONE")]);
    expect(body).toEndWith("its version by the annotation piggysec.com/aws-secret-version\n");
  });

  test("for a secret that nothing but the default names, in a region that the Pod names", async () => {
    const address = "https://piggy-webhooks.piggy-webhooks.svc";
    const { body } = await askAbout({ "piggy-address": address, "aws-region": "eu-west-3" });
    expect(body).toEndWith(
      ": it is named by the default, as piggysec.com/aws-secret-name names none, its region by the annotation " +
        "piggysec.com/aws-region\n",
    );
  });

  test("for a secret that an annotation named when the Pod was admitted, and now names no more", async () => {
    const other = await startPod(world.kubernetes, { annotations: { "aws-secret-name": "shop/none" } });
    world.kubernetes.patchPodAnnotations("shop", other.name, { "piggysec.com/aws-secret-name": "shop/cart" });
    const { body } = await door.ask(await ownToken(world.kubernetes, other), requestOf(other));
    expect(body).toContain(": it is named by the container's PIGGY_AWS_SECRET_NAME, its region by ");
  });

  test("for a secret that no policy allows, with what to allow and to whom", async () => {
    const limited = { accessKeyId: "AKIALIMITED000000000", secretAccessKey: "limited/secret" };
    world.aws.addUser({ ...limited, allow: [] });
    const webhook = await startWebhook({
      ...world.environment,
      LISTEN_ADDRESS: "127.0.0.1:0",
      AWS_ACCESS_KEY_ID: limited.accessKeyId,
      AWS_SECRET_ACCESS_KEY: limited.secretAccessKey,
    });
    try {
      const answer = await secretDoor(webhook, world.authority.pem).ask(token, requestOf(pod));
      const arn = `arn:aws:secretsmanager:${REGION}:111122223333:secret:shop/cart-??????`;
      const advice = `allow secretsmanager:GetSecretValue on ${arn} to the user AKIALIMITED000000000 of account 111122223333`;
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining(`action: ${advice}\n`)]);
      expect(answer.audit).toMatchObject({
        code: "aws_access_denied",
        reason: expect.stringContaining(advice),
      });
    } finally {
      await webhook.stop();
    }
  });

  test("for a secret that is marked for deletion", async () => {
    const deleted = { region: REGION, name: "shop/deleted" };
    world.aws.putSecret({ ...deleted, value: JSON.stringify({ password: `${HUSH}deleted` }) });
    world.aws.deleteSecret(deleted);
    const { status, body, audit } = await askAbout({ "aws-secret-name": "shop/deleted" });
    expect([status, body]).toEqual([
      400,
      expect.stringMatching(/^secret shop\/deleted in .*marked for deletion: restore it/),
    ]);
    expect(audit).toMatchObject({ decision: "denied", code: "secret_deleted" });
  });

  test("for a key that may not be used", async () => {
    const value = JSON.stringify({ password: `${HUSH}locked` });
    world.aws.putSecret({ region: REGION, name: "shop/locked", value, kmsDenied: true });
    const { status, body, audit } = await askAbout({ "aws-secret-name": "shop/locked" });
    expect([status, body]).toEqual([400, expect.stringContaining("Access to KMS is not allowed")]);
    expect(audit).toMatchObject({ code: "aws_kms_denied" });
  });

  test.each(["plain text", '["a"]', `"${HUSH}text"`])("for a secret that has no keys: %p", async (value) => {
    world.aws.putSecret({ region: REGION, name: "shop/keyless", value });
    const { status, body, audit } = await askAbout({ "aws-secret-name": "shop/keyless" });
    expect(status).toBe(400);
    expect(body).toStartWith(`secret shop/keyless in ${REGION} is not a JSON object`);
    expect(audit).toMatchObject({ code: "secret_not_keyed" });
  });
});

describe("a region", () => {
  let regionless: WebhookProcess;
  let otherDoor: SecretDoor;

  beforeAll(async () => {
    regionless = await startWebhook({ ...world.environment, AWS_REGION: "", LISTEN_ADDRESS: "127.0.0.1:0" });
    otherDoor = secretDoor(regionless, world.authority.pem);
  });
  afterAll(() => regionless.stop());

  test("that nobody gave is answered 400, with where to give it", async () => {
    world.kubernetes.webhook = { url: `https://${regionless.address}`, caPem: world.authority.pem };
    const lost = await startPod(world.kubernetes);
    world.kubernetes.webhook = { url: world.url, caPem: world.authority.pem };
    const answer = await otherDoor.ask(await ownToken(world.kubernetes, lost), requestOf(lost));
    expect(answer.status).toBe(400);
    expect(answer.body).toBe(
      "no AWS region: set piggysec.com/aws-region on the Pod or AWS_REGION on piggy-webhooks\n",
    );
  });

  test("was asked for with discretion", () => otherDoor.expectDiscretion());
});

describe("what may heal by itself is answered 503 with Retry-After", () => {
  const expectUnavailable = ({ status, headers, audit }: Answer, code: string) => {
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("1");
    expect(audit).toMatchObject({ decision: "denied", code });
  };

  test("when AWS answers with it for as long as there is time", async () => {
    const failures = [
      { status: 400, code: "ThrottlingException", ours: "aws_throttled" },
      { status: 500, code: "InternalServiceError", ours: "aws_unavailable" },
      { status: 503, code: "ServiceUnavailable", ours: "aws_unavailable" },
    ] as const;
    const asking = failures.map(async ({ ours, ...failure }) => {
      const name = `shop/${failure.code}`;
      const disturbing = world.aws.disturb({ name, answer: failure });
      world.aws.putSecret({ region: REGION, name, value: JSON.stringify({ password: `${HUSH}later` }) });
      const other = await startPod(world.kubernetes, { annotations: { "aws-secret-name": name } });
      const otherToken = await ownToken(world.kubernetes, other);
      const { status, headers, body } = await door.ask(otherToken, requestOf(other));
      expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
      expect(body).toBe(`secret ${name} in ${REGION}: ${failure.code}: ${failure.code} on demand\n`);
      disturbing.end();
      expect((await door.ask(otherToken, requestOf(other))).status).toBe(200);
      return ours;
    });
    const ours = await Promise.all(asking);
    const codes = door.decisions().flatMap(({ code }) => (ours.some((each) => each === code) ? [code] : []));
    expect(codes.sort()).toEqual([...ours].sort());
  });

  test("but not when AWS answers another try", async () => {
    world.aws.failNext({ action: "GetSecretValue", times: 3, status: 500, code: "InternalServiceError" });
    expect((await door.ask(token, requestOf(pod))).status).toBe(200);
  });

  test.each<[string, RegExp, number]>([
    ["the TokenReview", /tokenreviews/, 503],
    ["the TokenReview", /tokenreviews/, 429],
    ["the Pod", /\/pods\//, 500],
    ["the Pod", /\/pods\//, 504],
  ])("when the API server answers %s with %p: %d", async (_, path, status) => {
    world.kubernetes.failNext({ path, status, times: 1 });
    const answer = await door.ask(token, requestOf(pod));
    expectUnavailable(answer, "kubernetes_unavailable");
    expect(answer.body).toMatch(new RegExp(`^Kubernetes API: (GET|POST) /.*: ${status} .+\\n$`));
    expect((await door.ask(token, requestOf(pod))).status).toBe(200);
  });

  test("when nothing listens at the API server's address", async () => {
    const alone = await startWebhook({
      ...world.environment,
      KUBERNETES_SERVICE_PORT: "1",
      LISTEN_ADDRESS: "127.0.0.1:0",
    });
    try {
      const aloneDoor = secretDoor(alone, world.authority.pem);
      expectUnavailable(await aloneDoor.ask(token, requestOf(pod)), "kubernetes_unavailable");
      aloneDoor.expectDiscretion();
    } finally {
      await alone.stop();
    }
  });
});

test("a right that the webhook lacks is answered 400, in the API server's own words", async () => {
  world.kubernetes.failNext({ path: /tokenreviews/, status: 403, times: 1 });
  const answer = await door.ask(token, requestOf(pod));
  expect([answer.status, answer.body]).toEqual([400, "Kubernetes API: 403 forbidden\n"]);
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
