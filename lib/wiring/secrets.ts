/** POST /secret: the stores, what is kept of them, whose turn it is, and the Events on Pods. */
import { createWebhookStore } from "../aws/webhook-store.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { createEventWriter } from "../kubernetes/events.ts";
import type { Lookups } from "../kubernetes/lookups.ts";
import type { Log } from "../log.ts";
import { createSecretAnswer, type SecretAnswer } from "../secrets/answer.ts";
import { takeTurns } from "../secrets/api-server-turns.ts";
import { createAwsCalls } from "../secrets/aws-calls.ts";
import { keepReads } from "../secrets/cached-reads.ts";
import type { OnReadEvent } from "../secrets/read-event.ts";
import type { Environment, Settings } from "../settings.ts";

/** In the column `From` of a Pod's Events. */
const REPORTER = "piggysec.com/piggy-webhooks";

export interface SecretsWiring {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly client: KubernetesClient;
  readonly lookups: Lookups;
  /** The time of those who make tokens, in milliseconds since 1970. */
  readonly now: () => number;
  readonly onEvent: OnReadEvent;
  readonly log: Log;
}

export interface Secrets {
  readonly answerSecret: SecretAnswer;
  /** Looks for the AWS identity, so that the first Pod after a start need not wait for it. Never throws. */
  readonly prepare: () => Promise<void>;
}

/** @throws PiggyError `setting_invalid` for a policy that cannot be read */
export function wireSecrets({
  settings,
  environment,
  client,
  lookups,
  now,
  onEvent,
  log,
}: SecretsWiring): Secrets {
  const calls = createAwsCalls({ onEvent });
  const store = createWebhookStore(environment, calls);
  const reads = keepReads(store, { calls, ttlMs: settings["piggy-cache-ttl"], onEvent });
  const apiServer = takeTurns(lookups, onEvent);
  const reporter = { controller: REPORTER, instance: environment["HOSTNAME"] || "piggy-webhooks" };
  const events = settings["piggy-events"] ? { createEvent: createEventWriter(client, reporter) } : {};
  const answerSecret = createSecretAnswer({ environment, ...apiServer, ...reads, ...events, now, log });
  return { answerSecret, prepare: store.prepare };
}
