/** What happens in a cluster within some minutes, before two replicas: rollouts, a bad manifest, an AWS that throttles. */
import { ownToken, requestOf, startPod } from "../../test/secrets/asking.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startWebhook, type WebhookProcess } from "../../test/support/webhook.ts";
import { REGION, startWorld, type World } from "../../test/support/world.ts";
import type { Kept } from "./series.ts";

const SCRAPE_MS = 2_000;
const SECRETS = 20;
const IMAGES = 5;
/** So short that AWS is asked often enough to be seen. */
const ENVIRONMENT = { PIGGY_CACHE_TTL: "5s" } as const;

interface Phase {
  /** Shares of the whole, from 0 to 1. */
  readonly from: number;
  readonly to: number;
}

const ROLLOUT: Phase = { from: 0.2, to: 0.3 };
const THROTTLES: Phase = { from: 0.4, to: 0.6 };
const BAD_MANIFEST: Phase = { from: 0.7, to: 0.85 };

/** What the picture says below itself. */
export const STORY =
  "From a fifth on a rollout, from two fifths on AWS throttles one call of two, from seven tenths on Pods ask for a secret that is not there.";

const isIn = ({ from, to }: Phase, share: number) => share >= from && share < to;

/** @returns the time of the first scrape, in seconds since 1970 */
export async function play(seconds: number, kept: Kept): Promise<number> {
  const world = await startWorld({ environment: ENVIRONMENT });
  const port = freePort();
  const second = await startWebhook({ ...world.environment, LISTEN_ADDRESS: `127.0.0.1:${port}` });
  try {
    for (let index = 0; index < SECRETS; index += 1) putSecret(world, index);
    for (let index = 0; index < IMAGES; index += 1)
      world.registry.pushImage(`shop/${index}`, "1", { Entrypoint: ["/app"] });
    await Promise.all([world.webhook.ready(), second.ready()]);
    return await live(world, [world.webhook, second], seconds, kept);
  } finally {
    await second.stop();
    await world.stop();
  }
}

function putSecret({ aws }: World, index: number): void {
  aws.putSecret({ region: REGION, name: `shop/${index}`, value: JSON.stringify({ password: "x" }) });
}

async function live(
  world: World,
  replicas: readonly WebhookProcess[],
  seconds: number,
  kept: Kept,
): Promise<number> {
  const begun = Date.now();
  const share = () => (Date.now() - begun) / 1_000 / seconds;
  const work = [throttleFor(world, share), startPods(world, replicas, share)];
  while (share() <= 1) {
    const at = Math.round((Date.now() - begun) / 1_000);
    await Promise.all(
      replicas.map(async ({ metricsAddress }, index) => {
        const text = await (await fetch(`http://${metricsAddress}/metrics`)).text();
        kept.add(text, at, { namespace: "piggy-webhooks", pod: `piggy-webhooks-${index}` });
      }),
    );
    await Bun.sleep(SCRAPE_MS);
  }
  await Promise.all(work);
  return begun / 1_000;
}

async function throttleFor({ aws }: World, share: () => number): Promise<void> {
  while (!isIn(THROTTLES, share())) await Bun.sleep(100);
  const answer = { status: 400, code: "ThrottlingException" };
  const disturbing = aws.disturb({ action: "GetSecretValue", every: 2, answer });
  while (isIn(THROTTLES, share())) await Bun.sleep(100);
  disturbing.end();
}

async function startPods(
  world: World,
  replicas: readonly WebhookProcess[],
  share: () => number,
): Promise<void> {
  const pending = new Set<Promise<void>>();
  for (let count = 0; share() < 1; count += 1) {
    const replica = replicas[count % replicas.length];
    const isBad = isIn(BAD_MANIFEST, share()) && count % 4 === 0;
    const secret = isBad ? "shop/misspelt" : `shop/${count % SECRETS}`;
    if (replica !== undefined) {
      const all = [startOne(world, replica, secret), createOfImage(world, count % IMAGES)];
      const started = Promise.all(all).then(() => void pending.delete(started));
      pending.add(started);
    }
    await Bun.sleep(isIn(ROLLOUT, share()) ? 20 : 120);
  }
  await Promise.all(pending);
}

/** A Pod that is created, and its injector's request; whatever becomes of it is in the metrics. */
async function startOne(world: World, replica: WebhookProcess, secret: string): Promise<void> {
  const pod = await startPod(world.kubernetes, { annotations: { "aws-secret-name": secret } });
  const response = await fetch(`https://${replica.address}/secret`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Token": await ownToken(world.kubernetes, pod),
    },
    body: JSON.stringify(requestOf(pod)),
    tls: { ca: world.authority.pem },
  });
  await response.arrayBuffer();
}

/** A Pod whose command only its image's registry knows. */
async function createOfImage({ kubernetes, registry }: World, index: number): Promise<void> {
  const image = `${registry.host}/shop/${index}:1`;
  const env = [{ name: "PASSWORD", value: "piggy:password" }];
  await kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "shop",
      name: crypto.randomUUID(),
      annotations: { "piggysec.com/aws-secret-name": "shop/0" },
    },
    spec: { containers: [{ name: "app", image, env }] },
  });
}
