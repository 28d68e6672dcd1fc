/** The API server is asked by so many Pods at a time: one that is slow must not take what AWS is asked with. */
import { createBoundedTurns, type TurnBounds } from "../bounded-turns.ts";
import { PiggyError } from "../error.ts";
import { overloaded } from "./healing.ts";
import type { OnReadEvent, Queue } from "./read-event.ts";
import type { SecretsWorld } from "./world.ts";

type ApiServer = Pick<SecretsWorld, "reviewToken" | "readPod" | "readCachedPod">;

/** Of requests, each with a connection of its own, for each of the two: whoever got the one finds the other free. */
const BOUNDS: TurnBounds = { underWay: 32, waiting: 2_000 };

/** The same, one after the other past the bounds. @throws PiggyError `overloaded` where too many wait already */
export function takeTurns(
  { reviewToken, readPod, readCachedPod }: ApiServer,
  onEvent?: OnReadEvent,
  bounds: TurnBounds = BOUNDS,
): ApiServer {
  const toReview = queue("tokenReview", "TokenReviews", onEvent, bounds);
  const toRead = queue("pod", "Pods from the API server", onEvent, bounds);
  return {
    reviewToken: (token, audiences, signal) => toReview(signal, () => reviewToken(token, audiences, signal)),
    readPod: (pod, signal) => toRead(signal, () => readPod(pod, signal)),
    readCachedPod: (pod, signal) => toRead(signal, () => readCachedPod(pod, signal)),
  };
}

function queue(name: Queue, what: string, onEvent: OnReadEvent | undefined, bounds: TurnBounds) {
  const turns = createBoundedTurns(bounds);
  onEvent?.({ kind: "queue", queue: name, load: turns.load });
  const refused = () => {
    onEvent?.({ kind: "refused", queue: name });
    return overloaded(what);
  };
  const late = () =>
    new PiggyError("kubernetes_unavailable", `Kubernetes API: too many ask for ${what}: no answer in time`);
  return <T>(signal: AbortSignal, work: () => Promise<T>) =>
    turns({ group: name, signal, work, refused, late });
}
