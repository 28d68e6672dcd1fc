/** Every call to AWS that is made for Pods: when it is its turn, how long it may take, whether it is made again. */

import { type BoundedTurns, createBoundedTurns, type TurnBounds } from "../bounded-turns.ts";
import { asPiggyError, PiggyError } from "../error.ts";
import { pause } from "../pause.ts";
import { mayHeal, overloaded } from "./healing.ts";
import type { OnReadEvent } from "./read-event.ts";

export interface AwsCall {
  readonly service: string;
  readonly region: string;
  /** As AWS names it: `GetSecretValue`. */
  readonly action: string;
}

/** For whom calls are made. */
export interface Reading {
  /** Ends with the last who waits at the moment; asked anew each time. */
  readonly awaited: () => AbortSignal;
  /** Told of each failure after which the call is made again, or was not for want of anybody who waits. */
  readonly onFailure: (failure: PiggyError) => void;
}

export interface AwsCalls {
  /** What is called under this signal is called for this reading. */
  readonly begin: (signal: AbortSignal, reading: Reading) => void;
  /**
   * Makes one call, and makes it again while its failure may heal and somebody waits. `run` is given the signal of one
   * try.
   * @throws PiggyError `overloaded`, and what the last try threw
   */
  readonly make: <T>(
    call: AwsCall,
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
  /** Makes a call that another waits for: at once, and once, for it has its turn and its tries by that one. */
  readonly measure: AwsCalls["make"];
}

export interface AwsCallsOptions {
  readonly onEvent?: OnReadEvent | undefined;
  readonly bounds?: TurnBounds;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * Of 256 requests that Bun has under way at a time. A region that hangs, or one of its services, has at most a third
 * of these, and as many may wait as it answers in the time of a request when it is well.
 */
const BOUNDS: TurnBounds = { underWay: 96, waiting: 2_000, ofOne: { underWay: 32, waiting: 1_000 } };
/** Many times what a service needs that is well; there is time for another try in a request's own. */
const TRY_TIMEOUT_MS = 4_000;
const FIRST_PAUSE_MS = 100;
/** Somebody waits for each of them, and AWS may be back. */
const LONGEST_PAUSE_MS = 2_000;

export function createAwsCalls(options: AwsCallsOptions = {}): AwsCalls {
  const { onEvent, bounds = BOUNDS, random = Math.random } = options;
  const turns = createBoundedTurns(bounds);
  onEvent?.({ kind: "queue", queue: "aws", load: turns.load });
  const readings = new WeakMap<AbortSignal, Reading>();
  return {
    begin: (signal, reading) => void readings.set(signal, reading),
    async make(call, signal, run) {
      const { awaited, onFailure } = readings.get(signal) ?? { awaited: () => signal, onFailure: () => {} };
      for (let tried = 1; ; tried += 1) {
        try {
          const work = () => reported(call, tried, onEvent, () => inTime(run, signal));
          return await inTurn(turns, call, awaited(), work, onEvent);
        } catch (error) {
          if (!mayHeal(error)) throw error;
          onFailure(error);
          await pause(pauseAfter(tried, random()), awaited());
          if (awaited().aborted) throw error;
        }
      }
    },
    measure: (call, signal, run) => reported(call, 1, onEvent, () => run(signal)),
  };
}

function inTurn<T>(
  turns: BoundedTurns,
  { service, region }: AwsCall,
  signal: AbortSignal,
  work: () => Promise<T>,
  onEvent: OnReadEvent | undefined,
): Promise<T> {
  const where = `${service} in ${region}`;
  return turns({
    group: where,
    signal,
    work,
    refused: () => {
      onEvent?.({ kind: "refused", queue: "aws" });
      return overloaded(where);
    },
    late: () => new PiggyError("aws_unavailable", `${where}: too many calls are under way`),
  });
}

async function reported<T>(
  call: AwsCall,
  tried: number,
  onEvent: OnReadEvent | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (onEvent === undefined) return work();
  const begun = performance.now();
  const report = (outcome: "ok" | PiggyError["code"]) =>
    onEvent({ kind: "call", ...call, outcome, tried, milliseconds: performance.now() - begun });
  try {
    const result = await work();
    report("ok");
    return result;
  } catch (error) {
    report(asPiggyError(error, "aws_error").code);
    throw error;
  }
}

async function inTime<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, TRY_TIMEOUT_MS);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await run(ending.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** In milliseconds: twice as long each time, and half of it by chance, so that what failed together parts again. */
export function pauseAfter(tried: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS) * (0.5 + 0.5 * random);
}
