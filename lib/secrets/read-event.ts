/** What happens while secrets are read, for whoever counts it. Names of codes and places alone, never of a secret. */
import type { Load } from "../bounded-turns.ts";
import type { ErrorCode } from "../error.ts";

/** Somewhere that no more can wait. */
export type Queue = "aws" | "tokenReview" | "pod";

export type ReadEvent =
  /**
   * How a reading was answered: from what is kept; by a call of its own; by one that was under way; or with a value
   * that is past its time, because of this failure. `failed`: not at all.
   */
  | { readonly kind: "read"; readonly from: "kept" | "call" | "shared" }
  | { readonly kind: "read"; readonly from: "stale" | "failed"; readonly code: ErrorCode }
  /** Of a call to AWS, how it ended. `tried` is 1 for the first time, more when it was made again. */
  | {
      readonly kind: "call";
      readonly service: string;
      readonly action: string;
      readonly region: string;
      readonly outcome: "ok" | ErrorCode;
      readonly milliseconds: number;
      readonly tried: number;
    }
  /** Something kept was taken out because AWS gives it no more. */
  | { readonly kind: "dropped"; readonly code: ErrorCode }
  | { readonly kind: "refused"; readonly queue: Queue }
  /** There is a queue from now on, whose load can be asked for at any time. */
  | { readonly kind: "queue"; readonly queue: Queue; readonly load: () => Load };

export type OnReadEvent = (event: ReadEvent) => void;
