/** How many ask the API server at a time, and what becomes of the others. */
import { expect, test } from "bun:test";
import { takeTurns } from "../../lib/secrets/api-server-turns.ts";
import type { ReadEvent } from "../../lib/secrets/read-event.ts";

const never = new AbortController().signal;

test("TokenReviews that hang leave Pods to be read, and past the queue are refused", async () => {
  const events: ReadEvent[] = [];
  const { promise: hanging } = Promise.withResolvers<never>();
  const { reviewToken, readPod } = takeTurns(
    { reviewToken: () => hanging, readPod: async () => undefined, readCachedPod: async () => undefined },
    (event) => events.push(event),
    { underWay: 2, waiting: 2 },
  );
  const waiting = new AbortController();
  const underWay = [1, 2].map(() => reviewToken("token", [], never));
  const queued = [1, 2].map(() => reviewToken("token", [], waiting.signal));
  expect(reviewToken("token", [], never)).rejects.toMatchObject({ code: "overloaded" });
  expect(events).toMatchObject([
    { kind: "queue", queue: "tokenReview" },
    { kind: "queue", queue: "pod" },
    { kind: "refused", queue: "tokenReview" },
  ]);
  expect(await readPod({ namespace: "shop", name: "cart" }, never)).toBeUndefined();

  const left = Promise.allSettled(queued);
  waiting.abort();
  const late = { status: "rejected", reason: { code: "kubernetes_unavailable" } };
  expect(await left).toMatchObject([late, late]);
  expect(underWay).toHaveLength(2);
});
