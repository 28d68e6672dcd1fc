/** As whom the webhook asks AWS, where nobody gave it keys. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAws } from "../fakes/aws.ts";
import { startProxy } from "../fakes/proxy.ts";
import { scrape } from "../metrics/scrape.ts";
import { startWebhook } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { type Answer, HUSH, ownToken, requestOf, secretDoor, startPod } from "./asking.ts";

setDefaultTimeout(60_000);

const ROLE = "arn:aws:iam::111122223333:role/piggy-webhooks";
const NOBODY = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true" };

let world: World;
let directory: string;

beforeAll(async () => {
  world = await startWorld();
  directory = await mkdtemp(join(tmpdir(), "piggy-identity-"));
  const value = JSON.stringify({ password: `${HUSH}password` });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value });
});
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

/** The answers of a webhook of this identity to so many requests, and what reached AWS meanwhile. */
async function askAs(environment: Readonly<Record<string, string>>, times = 1, aws = world.aws) {
  const before = aws.requests.length;
  const webhook = await startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    ...NOBODY,
    ...environment,
  });
  try {
    const door = secretDoor(webhook, world.authority.pem);
    const answers: Answer[] = [];
    for (let asked = 0; asked < times; asked += 1) {
      const pod = await startPod(world.kubernetes);
      answers.push(await door.ask(await ownToken(world.kubernetes, pod), requestOf(pod)));
    }
    door.expectDiscretion();
    const { value } = await scrape(webhook);
    const tried = value("piggy_aws_requests_total", { api: "GetSecretValue" });
    return { answers, reached: aws.requests.slice(before), output: webhook.output(), tried };
  } finally {
    await webhook.stop();
  }
}

/** The role's trust policy. */
function trust() {
  const { kubernetes } = world;
  const subject = "system:serviceaccount:piggy-webhooks:piggy-webhooks";
  const audience = "sts.amazonaws.com";
  return { issuer: kubernetes.issuer, jwks: () => kubernetes.jwks(), audience, subject };
}

async function webIdentity(): Promise<Record<string, string>> {
  const { kubernetes } = world;
  const account = { namespace: "piggy-webhooks", serviceAccount: "piggy-webhooks" };
  const audiences = ["sts.amazonaws.com"];
  const token = await kubernetes.token({ ...account, audiences });
  const file = join(directory, "token");
  await writeFile(file, token);
  return { AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file };
}

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

describe("the role of its service account", () => {
  beforeAll(() => world.aws.addRole(ROLE, trust()));

  test("is taken once, before the first Pod asks", async () => {
    const { answers, reached } = await askAs(await webIdentity(), 3);
    expect(statuses(answers)).toEqual([200, 200, 200]);
    expect(reached.map(({ action }) => action)).toEqual([
      "AssumeRoleWithWebIdentity",
      ...["GetSecretValue", "GetSecretValue", "GetSecretValue"],
    ]);
    expect(reached[1]?.accessKeyId).toStartWith("ASIA");
  });

  test("is asked for once for each try of a call, and once at the start", async () => {
    const answer = { status: 400, code: "Throttling" };
    const throttling = world.aws.disturb({ action: "AssumeRoleWithWebIdentity", answer });
    const { answers, tried } = await askAs(await webIdentity());
    throttling.end();
    expect(statuses(answers)).toEqual([503]);
    expect(tried).toBeGreaterThan(2);
    expect(throttling.met()).toBeLessThanOrEqual(tried + 1);
  });

  test("that STS does not give is named, and is asked for again", async () => {
    const environment = { ...(await webIdentity()), AWS_ROLE_ARN: `${ROLE}-of-nobody` };
    const { answers } = await askAs(environment, 2);
    expect(statuses(answers)).toEqual([400, 400]);
    expect(answers[0]?.body).toContain("sts:AssumeRoleWithWebIdentity");
    expect(answers[0]?.audit).toMatchObject({ decision: "denied", code: "aws_access_denied" });
  });
});

test("the container's credentials, as EKS Pod Identity gives them", async () => {
  const credentials = { AccessKeyId: "ASIAPOD", SecretAccessKey: "pod/secret", Token: "session" };
  world.aws.addUser({
    accessKeyId: credentials.AccessKeyId,
    secretAccessKey: credentials.SecretAccessKey,
    sessionToken: credentials.Token,
  });
  const heard: (string | null)[] = [];
  const agent = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      heard.push(request.headers.get("authorization"));
      return Response.json({ ...credentials, Expiration: new Date(Date.now() + 3_600_000).toISOString() });
    },
  });
  const file = join(directory, "pod-identity-token");
  await writeFile(file, "the-token");
  const { answers } = await askAs(
    {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${agent.port}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    },
    2,
  );
  await agent.stop(true);
  expect(statuses(answers)).toEqual([200, 200]);
  expect(heard).toEqual(["the-token"]);
});

test("none, which is said with what was asked for", async () => {
  const none = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
  const { answers, reached } = await askAs(none);
  expect(answers[0]?.body).toStartWith(
    `secret shop/cart in ${REGION}: piggy-webhooks has no AWS credentials: `,
  );
  expect(answers[0]?.audit).toMatchObject({ decision: "denied", code: "credentials_missing" });
  expect(reached).toEqual([]);
});

test("through the proxy that the environment names", async () => {
  const hosts = ["sts", "secretsmanager"].map((service) => `${service}.${REGION}.amazonaws.com`);
  const aws = await startAws({ tls: await world.authority.issue({ names: [...hosts, "localhost"] }) });
  aws.addRole(ROLE, trust());
  aws.putSecret({ region: REGION, name: "shop/cart", value: `{"password":"${HUSH}far"}` });
  const { port } = new URL(aws.url);
  const proxy = startProxy(Object.fromEntries(hosts.map((host) => [`${host}:443`, Number(port)])));
  const ca = join(directory, "ca.crt");
  await writeFile(ca, world.authority.pem);
  const { answers } = await askAs({
    ...(await webIdentity()),
    AWS_ENDPOINT_URL: "",
    HTTPS_PROXY: proxy.url,
    NO_PROXY: "127.0.0.1,localhost",
    NODE_EXTRA_CA_CERTS: ca,
  });
  expect(JSON.parse(answers[0]?.body ?? "")).toEqual({ password: `${HUSH}far` });
  expect(proxy.requests.map(({ target }) => target)).toEqual(hosts.map((host) => `${host}:443`));
  await Promise.all([proxy.stop(), aws.stop()]);
});
