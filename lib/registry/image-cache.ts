/**
 * What images run, kept for the Pods that come next. An answer belongs to the credentials that it was given to:
 * nobody is told of an image that their own credentials could not pull. What a tag stands for is asked anew before long;
 * what runs by its digest never changes, so that one question is enough where the tag stands for what it stood for.
 */

import { type Bounds, createBoundedCache } from "../bounded-cache.ts";
import type { Ending } from "../deadline.ts";
import { type ErrorCode, PiggyError } from "../error.ts";
import { createSingleFlight } from "../single-flight.ts";
import { createTurns } from "../turns.ts";
import type { ImageCommand } from "./image-command.ts";
import { isDigest } from "./image-name.ts";
import type { Login } from "./login.ts";
import type { Platform } from "./platform.ts";
import type { Source } from "./source.ts";

export interface ImageRequest {
  readonly source: Source;
  /** Tag or digest. */
  readonly reference: string;
  readonly platform: Platform;
  readonly skipVerify: boolean;
  readonly login: Login;
}

export interface Found {
  readonly command: ImageCommand;
  /** Of what the reference stands for; a digest that was asked for is itself. */
  readonly digest: string;
}

/** What is known of a digest. */
export type Known = (digest: string) => ImageCommand | undefined;

export interface Asking {
  /** Whether a tag's kept answer will not do, because the kubelet will ask for the tag anew as well. */
  readonly fresh: boolean;
  readonly ending: Ending;
  readonly read: (signal: AbortSignal, known: Known) => Promise<Found>;
  /** What is thrown when it ends before there is an answer. */
  readonly late: () => PiggyError;
}

export interface ImageCache {
  /** What was found and is kept; otherwise undefined. @param fresh as in Asking */
  readonly kept: (request: ImageRequest, fresh: boolean) => ImageCommand | undefined;
  /** What is kept, at once, or the registry's answer. @throws what was refused a moment ago */
  readonly ask: (request: ImageRequest, asking: Asking) => Promise<ImageCommand> | ImageCommand;
}

/** Whether the registry was asked for this answer, for another's at the same time, or before. */
export type AnsweredBy = "asked" | "shared" | "cached";

/** Hears of each answer: `found`, or the code of what failed. */
export type ObserveImage = (by: AnsweredBy, outcome: "found" | ErrorCode | "internal") => void;

/** A burst of Pods from one controller; a tag that is moved is seen soon after. */
const TAG_LIFETIME_MS = 30_000;
/** Long enough for a controller that tries again at once, short enough for somebody who mends it and tries again. */
const REFUSAL_LIFETIME_MS = 5_000;
/**
 * Of 256 requests that Bun has under way at a time: registries that hang, of which anybody can name many, leave the
 * others to AWS.
 */
const SIDE_BY_SIDE = 64;
/** For tags and refusals, and as much again for what runs by digests. */
const BOUNDS: Bounds = { entries: 2_000, bytes: 4 * 1024 * 1024 };

/** What the registry has decided about a login. Everything else may be another answer a moment later. */
export const REFUSALS: ReadonlySet<ErrorCode> = new Set(["image_not_found", "image_unauthorized"]);

/** The clock is in milliseconds and never set back. */
export function createImageCache(
  now: () => number = () => performance.now(),
  bounds = BOUNDS,
  observe: ObserveImage = () => {},
): ImageCache {
  const answers = createAnswers(now, bounds);
  const share = createSingleFlight<ImageCommand>();
  const turn = createTurns(SIDE_BY_SIDE);
  const askRegistry = async (request: ImageRequest, { ending, read, late }: Asking) => {
    let by: AnsweredBy = "shared";
    const run = async (shared: AbortSignal) => {
      by = "asked";
      try {
        const found = await turn(() => read(shared, (digest) => answers.known(request, digest)));
        answers.put(request, found);
        return found.command;
      } catch (error) {
        answers.putRefusal(request, error);
        throw error;
      }
    };
    try {
      const key = keyOf(request, request.reference);
      const command = await share({ key, signal: ending.signal, run, late });
      observe(by, "found");
      return command;
    } catch (error) {
      observe(by, error instanceof PiggyError ? error.code : "internal");
      throw error;
    }
  };
  return {
    kept(request, fresh) {
      const answer = answers.get(request, fresh);
      if (answer === undefined || answer instanceof PiggyError) return undefined;
      observe("cached", "found");
      return answer;
    },
    ask(request, asking) {
      const answer = answers.get(request, asking.fresh);
      if (answer === undefined) return askRegistry(request, asking);
      observe("cached", answer instanceof PiggyError ? answer.code : "found");
      if (answer instanceof PiggyError) throw answer;
      return answer;
    },
  };
}

/** What is kept: of a tag for a while, of a digest for good, and a refusal for a moment. */
function createAnswers(now: () => number, bounds: Bounds) {
  const kept = createBoundedCache<ImageCommand | PiggyError>(bounds, now);
  const byDigests = createBoundedCache<ImageCommand>(bounds, now);
  return {
    get(request: ImageRequest, fresh: boolean): ImageCommand | PiggyError | undefined {
      const key = keyOf(request, request.reference);
      if (isDigest(request.reference)) return byDigests.get(key) ?? kept.get(key);
      return fresh ? undefined : kept.get(key);
    },
    known(request: ImageRequest, digest: string): ImageCommand | undefined {
      return byDigests.get(keyOf(request, digest));
    },
    put(request: ImageRequest, { command, digest }: Found): void {
      const size = sizeOf(command);
      byDigests.put(keyOf(request, digest), command, size, Number.POSITIVE_INFINITY);
      if (isDigest(request.reference)) return;
      kept.put(keyOf(request, request.reference), command, size, TAG_LIFETIME_MS);
    },
    putRefusal(request: ImageRequest, error: unknown): void {
      if (!(error instanceof PiggyError) || !REFUSALS.has(error.code)) return;
      kept.put(keyOf(request, request.reference), error, error.message.length, REFUSAL_LIFETIME_MS);
    },
  };
}

function keyOf({ source, platform, skipVerify, login }: ImageRequest, reference: string): string {
  return JSON.stringify([
    // A mirror may have another image by the same name of each registry that it is asked about.
    [source.base, source.query, reference],
    [platform.os, platform.architecture],
    login.key,
    // Who does not verify a registry may be lied to; who does must not hear it from them.
    skipVerify,
  ]);
}

function sizeOf(command: ImageCommand): number {
  return JSON.stringify(command).length;
}
