/** POST /secret: the stores, what is kept of them, whose turn it is, and the Events on Pods. */
import { createWebhookStore } from "../aws/webhook-store.ts";
import { createEventWriter } from "../kubernetes/events.ts";
import { createSecretAnswer, type SecretAnswer } from "../secrets/answer.ts";
import { takeTurns } from "../secrets/api-server-turns.ts";
import { createAwsCalls } from "../secrets/aws-calls.ts";
import { keepReads } from "../secrets/cached-reads.ts";
import type { OnReadEvent } from "../secrets/read-event.ts";
import type { Ground } from "./api-server.ts";

/** In the column `From` of a Pod's Events. */
const REPORTER = "piggysec.com/piggy-webhooks";

export interface SecretsWiring extends Ground {
  readonly onEvent: OnReadEvent;
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
  apiServer: { client, lookups, now },
  onEvent,
  log,
}: SecretsWiring): Secrets {
  const calls = createAwsCalls({ onEvent });
  const store = createWebhookStore(environment, calls);
  const reads = keepReads(store, { calls, ttlMs: settings["piggy-cache-ttl"], onEvent });
  const inTurn = takeTurns(lookups, onEvent);
  const reporter = { controller: REPORTER, instance: environment["HOSTNAME"] || "piggy-webhooks" };
  const events = settings["piggy-events"] ? { createEvent: createEventWriter(client, reporter) } : {};
  const answerSecret = createSecretAnswer({ environment, ...inTurn, ...reads, ...events, now, log });
  return { answerSecret, prepare: store.prepare };
}
