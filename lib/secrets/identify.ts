/** Who asks, and how their Pod is read, which has begun by then. */
import { authenticate, type Caller, type DefaultTokens } from "./authenticate.ts";
import { readClaims } from "./claims.ts";
import { createEarlyReads, type ReadBoundPod } from "./early-pod.ts";
import type { SecretsWorld } from "./world.ts";

export interface Identified {
  readonly caller: Caller;
  readonly readBoundPod: ReadBoundPod;
}

/**
 * What it gives throws what `authenticate` does.
 */
export function createIdentify(world: SecretsWorld, defaultTokens: DefaultTokens) {
  const readEarly = createEarlyReads(world);
  return async (token: string, signal: AbortSignal): Promise<Identified> => {
    const claims = readClaims(token, world.now());
    const { readBoundPod, settle } = readEarly(claims, signal);
    let caller: Caller | undefined;
    try {
      caller = await authenticate(token, claims, defaultTokens, world, signal);
      return { caller, readBoundPod };
    } finally {
      settle(caller?.pod && { namespace: caller.namespace, ...caller.pod });
    }
  };
}
