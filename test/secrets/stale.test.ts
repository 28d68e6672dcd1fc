/** A value past its time: what AWS must have said for it to be given, and what ends it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { scrape } from "../metrics/scrape.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { type Answer, HUSH, ownToken, requestOf, type SecretDoor, secretDoor, startPod } from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** For the length of a call: another webhook, which keeps values for so long. */
async function whileKept(
  ttl: string,
  work: (door: SecretDoor, webhook: WebhookProcess) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const webhook = await startWebhook({
    ...world.environment,
    ...environment,
    PIGGY_CACHE_TTL: ttl,
    LISTEN_ADDRESS: "127.0.0.1:0",
  });
  const door = secretDoor(webhook, world.authority.pem);
  try {
    await work(door, webhook);
    door.expectDiscretion();
  } finally {
    await webhook.stop();
  }
}

interface Secret {
  readonly name: string;
  readonly ask: () => Promise<Answer>;
}

/** A secret that was read once, and a Pod that reads it. */
async function readSecret(name: string, door: SecretDoor, aws: AwsFake = world.aws): Promise<Secret> {
  aws.putSecret({ region: REGION, name, value: JSON.stringify({ password: HUSH + name }) });
  const pod = await startPod(world.kubernetes, { annotations: { "aws-secret-name": name } });
  const token = await ownToken(world.kubernetes, pod);
  const ask = () => door.ask(token, requestOf(pod));
  const { status, body } = await ask();
  expect([status, body]).toEqual([200, bodyOf(name)]);
  return { name, ask };
}

const bodyOf = (name: string) => JSON.stringify({ password: HUSH + name });

/** Asks until the answer is what is waited for; those before it are to be the value. */
async function askUntil(
  { name, ask }: Secret,
  isMeant: (answer: Answer) => boolean | Promise<boolean>,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (await isMeant(answer)) return answer;
    expect([answer.status, answer.body]).toEqual([200, bodyOf(name)]);
    await Bun.sleep(20);
  }
}

test("a value is read anew when its time is over", () =>
  whileKept("1s", async (door) => {
    const secret = await readSecret("stale/anew", door);
    world.aws.putSecret({ region: REGION, name: secret.name, value: `{"password":"${HUSH}new"}` });
    await askUntil(secret, ({ body }) => body === JSON.stringify({ password: `${HUSH}new` }));
  }));

describe("a value past its time is given", () => {
  const FAILURES = [
    { name: "stale/throttled", answer: { status: 400, code: "ThrottlingException" } },
    { name: "stale/failing", answer: { status: 500, code: "InternalServiceError" } },
    { name: "stale/unavailable", answer: { status: 503, code: "ServiceUnavailable" } },
    { name: "stale/silent", answer: "no answer" },
  ] as const;

  test("while AWS throttles, fails, or does not answer", () =>
    whileKept("5s", async (door) => {
      const passed = FAILURES.map(async ({ name, answer }) => {
        const secret = await readSecret(name, door);
        const disturbing = world.aws.disturb({ name, answer });
        await askUntil(
          secret,
          ({ status, body }) => status === 200 && body === bodyOf(name) && disturbing.met() > 0,
        );
        disturbing.end();
      });
      await Promise.all(passed);
    }));

  test("while nothing listens at AWS's address", async () => {
    const aws = await startAws();
    aws.addUser({
      accessKeyId: world.environment["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: world.environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    });
    const isDown = async (door: SecretDoor, webhook: WebhookProcess) => {
      const secret = await readSecret("stale/down", door, aws);
      await aws.stop();
      // For five seconds it needs no AWS.
      await askUntil(secret, async ({ status }) => {
        const { value } = await scrape(webhook);
        return status === 200 && value("piggy_reads_total", { from: "stale" }) > 0;
      });
    };
    await whileKept("5s", isDown, { AWS_ENDPOINT_URL: aws.url });
  });
});

describe("a value is given no more once its time is over and AWS says", () => {
  const DENIED = { status: 400, code: "AccessDeniedException" };
  const REFUSALS = [
    { name: "stale/denied", answer: DENIED },
    { name: "stale/kms", answer: { ...DENIED, message: "Access to KMS is not allowed" } },
    { name: "stale/undecrypted", answer: { status: 400, code: "DecryptionFailure" } },
    { name: "stale/gone", answer: { status: 400, code: "ResourceNotFoundException" } },
  ];

  test("that it may not be read, cannot be decrypted, or is not there", () =>
    whileKept("1s", async (door) => {
      const refused = REFUSALS.map(async ({ name, answer }) => {
        const secret = await readSecret(name, door);
        const disturbing = world.aws.disturb({ name, answer });
        const refusal = await askUntil(secret, ({ status }) => status !== 200);
        expect([refusal.status, refusal.body]).toEqual([400, expect.stringContaining(answer.code)]);
        disturbing.end();
      });
      await Promise.all(refused);
    }));

  test("that it is marked for deletion", () =>
    whileKept("1s", async (door) => {
      const secret = await readSecret("stale/deleted", door);
      world.aws.deleteSecret({ region: REGION, name: secret.name });
      const refusal = await askUntil(secret, ({ status }) => status !== 200);
      expect([refusal.status, refusal.body]).toEqual([400, expect.stringContaining("marked for deletion")]);
    }));
});
