/**
 * What registries let somebody in with, kept for the look-ups that come next, which then need neither be challenged nor
 * get a token first. It serves those alone who come with the same credentials, for the same repository. It only spares
 * requests: where it is refused, the registry is asked as if nothing had been kept.
 */
import { type Bounds, createBoundedCache } from "../bounded-cache.ts";
import type { Authorization } from "./authorization.ts";
import type { ImageRequest } from "./image-cache.ts";

/** What is kept for the look-ups that are one and the same to a registry. */
export interface KeptAuthorization {
  readonly get: () => Authorization | undefined;
  readonly keep: (authorization: Authorization) => void;
  readonly drop: () => void;
}

export type AuthorizationCache = (
  request: Pick<ImageRequest, "source" | "skipVerify" | "login">,
) => KeptAuthorization;

/** Of a token's time what a look-up that has just begun may need of it. */
const BEFORE_THE_END_MS = 10_000;
/** However long a token is good: whether somebody may still pull is for the registry to say again before long. */
const LONGEST_MS = 600_000;
const BOUNDS: Bounds = { entries: 2_000, bytes: 4 * 1024 * 1024 };

/** The clock is in milliseconds and never set back. */
export function createAuthorizationCache(
  now: () => number = () => performance.now(),
  bounds = BOUNDS,
): AuthorizationCache {
  const kept = createBoundedCache<Authorization>(bounds, now);
  return (request) => {
    const key = keyOf(request);
    return {
      get: () => kept.get(key),
      keep: (authorization) => kept.put(key, authorization, sizeOf(authorization), timeOf(authorization)),
      drop: () => kept.remove(key),
    };
  };
}

function keyOf({ source, skipVerify, login }: Parameters<AuthorizationCache>[0]): string {
  // The base holds origin and repository. A mirror may have a way in of its own for each registry that it is asked about.
  return JSON.stringify([source.base, source.query, login.key, skipVerify]);
}

function sizeOf(authorization: Authorization): number {
  return authorization.scheme === "basic" ? 0 : authorization.token.length;
}

function timeOf(authorization: Authorization): number {
  if (authorization.scheme === "basic") return LONGEST_MS;
  return Math.max(0, Math.min(authorization.lifetimeMs - BEFORE_THE_END_MS, LONGEST_MS));
}
