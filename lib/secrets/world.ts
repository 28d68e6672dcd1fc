/** What the secrets service needs of the world, as small as it can be said. */
import type { Log } from "../log.ts";
import type { Pod } from "../pod.ts";
import type { EntryLocation } from "../reference/entry-plan.ts";
import type { Role } from "../role.ts";
import type { Environment } from "../settings.ts";

export interface TokenReviewAnswer {
  readonly authenticated: boolean;
  readonly username: string;
  readonly audiences: readonly string[];
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
  readonly error: string;
}

/** All that determines what AWS gives. */
export type Location = {
  readonly region: string;
  /** Undefined for the webhook's own identity. */
  readonly role?: Role;
} & (
  | { readonly kind: "secret"; readonly name: string; readonly version: string }
  | { readonly kind: "path"; readonly path: string }
);

export interface Entries {
  readonly values: ReadonlyMap<string, string>;
  /** Of a path: keys without a value that more than one parameter would give, with these parameters' names. */
  readonly ambiguous?: ReadonlyMap<string, readonly string[]>;
  readonly version: string | undefined;
  /** As AWS names what was read: the secret, or each parameter; empty texts where it did not. */
  readonly arns: readonly string[];
  /** AWS's own id of the call, of the last one where there were more. */
  readonly requestId: string | undefined;
}

export interface EntryContent {
  /** Bytes of a binary secret, text of all else. */
  readonly value: string | Uint8Array;
  readonly version: string | undefined;
  /** As AWS names what was read. */
  readonly arn: string | undefined;
  /** AWS's own id of the call. */
  readonly requestId: string | undefined;
}

/** Something that a person who looks at the Pod is to know. */
export interface PodEvent {
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string };
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  /** Of two about one Pod that have the same, one is enough. */
  readonly occasion: string;
}

/** Whichever Pod has the name now. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** One Pod and no other of its name. */
export interface BoundPod extends PodName {
  readonly uid: string;
}

export interface SecretsWorld {
  /** Milliseconds since 1970, by the clock of those who make tokens. */
  readonly now: () => number;
  /** The webhook's environment: the defaults of every setting, and its policy. */
  readonly environment: Environment;
  readonly reviewToken: (
    token: string,
    audiences: readonly string[],
    signal: AbortSignal,
  ) => Promise<TokenReviewAnswer>;
  /** The Pod as stored; undefined when there is none of that name. */
  readonly readPod: (pod: PodName, signal: AbortSignal) => Promise<Pod | undefined>;
  /** The same for less, as it was lately; undefined where it is to be read as stored. */
  readonly readCachedPod: (pod: BoundPod, signal: AbortSignal) => Promise<Pod | undefined>;
  readonly readStore: (location: Location, signal: AbortSignal) => Promise<Entries>;
  /** One entry of a store, as a reference names it. */
  readonly readEntry: (location: EntryLocation, signal: AbortSignal) => Promise<EntryContent>;
  /** Shows it on the Pod, or says why that is not wanted; undefined where Pods are told nothing. */
  readonly createEvent?: (event: PodEvent, signal: AbortSignal) => Promise<string | undefined>;
  readonly log: Log;
}
