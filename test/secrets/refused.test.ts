import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
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

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;
let token: string;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  const value = JSON.stringify({ password: `${HUSH}password` });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value });
  pod = await startPod(world.kubernetes, { name: "cart" });
  token = await ownToken(world.kubernetes, pod);
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
    const { status, body, audit } = await askAbout({ "aws-secret-name": "shop/none" });
    expect(status).toBe(400);
    expect(body).toBe(
      `secret shop/none in ${REGION}: ResourceNotFoundException: Secrets Manager can't find the specified secret.\n`,
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
  });

  test("for a secret that is marked for deletion", async () => {
    const deleted = { region: REGION, name: "shop/deleted" };
    world.aws.putSecret({ ...deleted, value: JSON.stringify({ password: `${HUSH}deleted` }) });
    world.aws.deleteSecret(deleted);
    const { status, body } = await askAbout({ "aws-secret-name": "shop/deleted" });
    expect([status, body]).toEqual([
      400,
      expect.stringMatching(/^secret shop\/deleted in .*marked for deletion/),
    ]);
  });

  test("for a key that may not be used", async () => {
    const value = JSON.stringify({ password: `${HUSH}locked` });
    world.aws.putSecret({ region: REGION, name: "shop/locked", value, kmsDenied: true });
    const { status, body, audit } = await askAbout({ "aws-secret-name": "shop/locked" });
    expect([status, body]).toEqual([400, expect.stringContaining("Access to KMS is not allowed")]);
    expect(audit).toMatchObject({ code: "aws_access_denied" });
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

  test.each<[number, string, string]>([
    [400, "ThrottlingException", "aws_throttled"],
    [500, "InternalServiceError", "aws_unavailable"],
    [503, "ServiceUnavailable", "aws_unavailable"],
  ])("when AWS answers %d %s to every try", async (status, code, ours) => {
    world.aws.failNext({ action: "GetSecretValue", times: 3, status, code });
    const answer = await door.ask(token, requestOf(pod));
    expectUnavailable(answer, ours);
    expect(answer.body).toBe(`secret shop/cart in ${REGION}: ${code}: ${code} on demand\n`);
    expect((await door.ask(token, requestOf(pod))).status).toBe(200);
  });

  test("but not when AWS answers the second try", async () => {
    world.aws.failNext({ action: "GetSecretValue", times: 1, status: 500, code: "InternalServiceError" });
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
