/** Secrets, paths, keys and regions that are not those of the Pod as it is stored. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../../support/world.ts";
import {
  type Answer,
  defaultToken,
  HUSH,
  olderRequestOf,
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

const BANK_ARN = `arn:aws:secretsmanager:${REGION}:123456789012:secret:bank/vault-AbCdEf`;

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  const putSecret = (name: string, value: object, region = REGION) =>
    world.aws.putSecret({ region, name, value: JSON.stringify(value) });
  putSecret("shop/cart", { password: `${HUSH}old` });
  putSecret("shop/cart", { password: `${HUSH}password`, pin: `${HUSH}unasked` });
  putSecret("shop/cart", { password: `${HUSH}elsewhere` }, "eu-central-1");
  putSecret("bank/vault", { password: `${HUSH}vault`, pin: `${HUSH}pin` });
  for (const name of ["/shop/cart/password", "/shop/cart2/PIN", "/shop/PIN", "/bank/PIN"]) {
    world.aws.putParameter({ region: REGION, name, value: `${HUSH}${name}` });
  }
});
afterAll(() => world.stop());

const ask = async (pod: StartedPod, request: object) =>
  door.ask(await ownToken(world.kubernetes, pod), request);

describe("a secret that is not the Pod's", () => {
  test.each<[string, object]>([
    [
      "by the names of annotations",
      { "aws-secret-name": "bank/vault", "piggysec.com/aws-secret-name": "bank/vault" },
    ],
    ["by the names of variables", { PIGGY_AWS_SECRET_NAME: "bank/vault", AWS_SECRET_NAME: "bank/vault" }],
    ["by a path", { "aws-ssm-parameter-path": "/bank", path: "/bank" }],
    [
      "by a name of AWS's",
      { SecretId: "bank/vault", secret: "bank/vault", location: { kind: "secret", name: "bank/vault" } },
    ],
    ["by another service account", { serviceAccount: "teller", namespace: "bank" }],
    [
      "by another region or version",
      { region: "eu-central-1", version: "AWSPREVIOUS", VersionStage: "AWSPREVIOUS" },
    ],
    [
      "by the prototype of the request",
      JSON.parse('{"__proto__":{"name":"vault","PIGGY_AWS_SECRET_NAME":"bank/vault"}}'),
    ],
  ])("is not reached %s in the request", async (_, fields) => {
    const pod = await startPod(world.kubernetes);
    const { status, body, audit } = await ask(pod, { ...requestOf(pod), ...fields });
    expect([status, body]).toEqual([200, JSON.stringify({ password: `${HUSH}password` })]);
    expect(audit).toMatchObject({ decision: "allowed", secret: "shop/cart", region: REGION });
  });

  test.each([
    "../bank/vault",
    "bank/vault",
    "bank/vault#/pin",
    BANK_ARN,
    "/sm/bank/vault",
    "password\0",
    " password",
  ])("is not reached by a key: %j", async (key) => {
    const pod = await startPod(world.kubernetes);
    const before = world.aws.requests.length;
    const { status, body } = await ask(pod, requestOf(pod, [key]));
    expect([status, body]).toEqual([200, "{}"]);
    expect(inputsSince(before)).toEqual([{ SecretId: "shop/cart", VersionStage: "AWSCURRENT" }]);
  });
});

describe("a key that is not asked for", () => {
  test.each<[readonly string[], object]>([
    [["password"], { password: `${HUSH}password` }],
    [["password", "password"], { password: `${HUSH}password` }],
    [["*"], {}],
    [[""], {}],
    [[], {}],
  ])("is not given to whoever asks for %j", async (keys, values) => {
    const pod = await startPod(world.kubernetes);
    const { status, body, audit } = await ask(pod, requestOf(pod, keys));
    expect([status, JSON.parse(body)]).toEqual([200, values]);
    expect(audit).toMatchObject({ keys: Object.keys(values) });
  });

  test("is not given to whoever names none", async () => {
    const pod = await startPod(world.kubernetes);
    const answer = await ask(pod, { ...requestOf(pod), references: undefined });
    expect(answer.status).toBe(400);
    expect(answer.audit).toMatchObject({ code: "request_invalid", pod: pod.name });
  });
});

describe("a parameter outside the Pod's path", () => {
  const options: PodOptions = { annotations: { "aws-ssm-parameter-path": "/shop/cart" } };

  test.each([
    "PIN",
    "../PIN",
    "../../bank/PIN",
    "/bank/PIN",
    "..%2FPIN",
    "./../PIN",
    "cart2/PIN",
    "../cart2/PIN",
    "*",
  ])("is not reached by the key %j", async (key) => {
    const pod = await startPod(world.kubernetes, options);
    const before = world.aws.requests.length;
    const { status, body, audit } = await ask(pod, requestOf(pod, ["password", key]));
    expect([status, JSON.parse(body)]).toEqual([200, { password: `${HUSH}/shop/cart/password` }]);
    expect(audit).toMatchObject({ path: "/shop/cart", keys: ["password"] });
    expect(inputsSince(before)).toMatchObject([{ Path: "/shop/cart", Recursive: true }]);
  });

  test.each(["/shop/cart/../../bank", "/shop/cart/..", "/shop/./cart", "/shop//cart", "/shop/cart/%2e%2e"])(
    "is not reached by a path that only looks as if it were inside: %s",
    async (path) => {
      const pod = await startPod(world.kubernetes, { annotations: { "aws-ssm-parameter-path": path } });
      const before = world.aws.requests.length;
      const { body } = await ask(pod, requestOf(pod, ["PIN", "password"]));
      expect(body).not.toContain(HUSH);
      // As it stands: nothing on the way makes another path of it.
      expect(inputsSince(before)).toMatchObject([{ Path: path }]);
    },
  );

  test.each(["//ssm/shop/../bank/PIN", "//ssm/shop/%2e%2e/bank/PIN", "//sm/shop/../bank/vault"])(
    "is not reached by an entry with dots in it: %s",
    async (key) => {
      const pod = await startPod(world.kubernetes, { env: { PIN: `piggy:${key}` } });
      const { status, body } = await ask(pod, requestOf(pod, [key]));
      expect([status, body]).toEqual([200, "{}"]);
    },
  );
});

function inputsSince(before: number): readonly unknown[] {
  return world.aws.requests.slice(before).map(({ input }) => input);
}

describe("a region that is a host name", () => {
  const HOSTS = [
    "evil.example.com/",
    "us-east-1.evil.example.com",
    "US-EAST-1",
    "us-east-1 ",
    "us-east-1#",
    "us-east-1@x",
  ];

  const expectNowhere = async (askIt: () => Promise<Answer>, message: string) => {
    const before = world.aws.requests.length;
    const { status, body } = await askIt();
    expect([status, body]).toEqual([400, `${message}\n`]);
    expect(world.aws.requests.slice(before)).toEqual([]);
  };

  test.each(HOSTS)("is no region in a stored Pod: %j", async (region) => {
    const { stored, argv, ...pod } = await startPod(world.kubernetes);
    const [container] = stored.spec.containers;
    const env = container?.env?.map((entry) =>
      entry.name === "PIGGY_AWS_REGION" ? { ...entry, value: region } : entry,
    );
    const spec = { ...stored.spec, containers: [{ ...container, env }] };
    world.kubernetes.add({ ...stored, apiVersion: "v1", kind: "Pod", spec });
    const asked = { ...pod, stored, argv };
    await expectNowhere(() => ask(asked, requestOf(asked)), `${JSON.stringify(region)} is not an AWS region`);
  });

  test.each(HOSTS)("is no region in an annotation, where those decide: %j", async (region) => {
    const older = olderPod(world.kubernetes, { annotations: { "aws-region": region } });
    const token = await defaultToken(world.kubernetes, older);
    const message = `${JSON.stringify(region)} is not an AWS region`;
    await expectNowhere(() => door.ask(token, olderRequestOf(older)), message);
  });

  test.each(HOSTS)("is no region of an entry: %j", async (region) => {
    const key = `//ssm/bank/PIN?region=${encodeURIComponent(region)}`;
    const pod = storedWith(world.kubernetes, await startPod(world.kubernetes), { PIN: `piggy:${key}` });
    const before = world.aws.requests.length;
    const { status, body, audit } = await ask(pod, requestOf(pod, [key]));
    expect([status, body]).toEqual([200, "{}"]);
    expect(audit).toMatchObject({ unresolved: { [key]: "reference_invalid" } });
    expect(world.aws.requests.slice(before)).toEqual([]);
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
