/** The stores as the webhook reads them: as itself or as a role, by AWS's time. */
import type { Calls } from "./call.ts";
import { createAwsClock } from "./clock.ts";
import { createOwnCredentials, stsRegion } from "./own-credentials.ts";
import { othersThan } from "./refused-credentials.ts";
import { createRoleCredentials } from "./role-credentials.ts";
import { type Send, sendByFetch } from "./send.ts";
import { createSignedStore } from "./signed.ts";
import type { Store } from "./store.ts";

/** Longer than any answer of a service that is well. */
const IDENTITY_TIMEOUT_MS = 10_000;

export interface WebhookStore extends Store {
  /** Looks for the identity, so that the first Pod after a start need not wait for it. Never throws. */
  prepare(): Promise<void>;
}

/**
 * @param calls decides when a call is made, how long it may take and whether it is made again
 * @param elapsed milliseconds, never set back
 */
export function createWebhookStore(
  environment: Readonly<Record<string, string | undefined>>,
  calls?: Calls,
  elapsed?: () => number,
): WebhookStore {
  const clock = createAwsClock();
  const own = createOwnCredentials(environment, elapsed === undefined ? {} : { elapsed });
  const credentials = createRoleCredentials({
    environment,
    own,
    send: sendInTime,
    clock,
    measure: calls?.measure,
    elapsed,
  });
  const store = createSignedStore({
    environment,
    credentials,
    otherCredentials: (used, error, location, signal) =>
      othersThan(used, error, (refused, ending) => credentials(location, ending, refused), signal),
    now: clock.now,
    isOutOfTime: clock.correctBy,
    ...(calls === undefined ? {} : { makeCall: calls.make }),
  });
  return {
    ...store,
    async prepare() {
      const first = { kind: "path", path: "/", region: stsRegion(environment, { region: "" }) } as const;
      // Where nobody asks AWS by the webhook it has no identity, and whoever asks is told.
      await own(first, AbortSignal.timeout(IDENTITY_TIMEOUT_MS)).catch(() => {});
    },
  };
}

/**
 * A role's session is asked for by one call for all who want it. Each gives up in time, and while the next comes the
 * call goes on, so one that hangs has to end by itself.
 */
const sendInTime: Send = async (url, init) => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error("no answer in time")), IDENTITY_TIMEOUT_MS);
  try {
    return await sendByFetch(url, { ...init, signal: AbortSignal.any([init.signal, late.signal]) });
  } finally {
    clearTimeout(timer);
  }
};
