/** The Pod that a caller speaks for, as the API server has stored it. */
import { hasOwnTokenVolume } from "../own-token.ts";
import type { Pod } from "../pod.ts";
import type { Caller, DefaultTokens } from "./authenticate.ts";
import { Denial } from "./denial.ts";
import type { ReadBoundPod } from "./early-pod.ts";
import type { SecretRequest } from "./request.ts";
import type { SecretsWorld } from "./world.ts";

export interface CallersPod {
  readonly name: string;
  readonly stored: Pod;
}

export interface CallersReads extends Pick<SecretsWorld, "readPod"> {
  readonly readBoundPod: ReadBoundPod;
}

/** @throws Denial when there is none, or it is not the caller's; PiggyError when the API server cannot say. */
export async function readCallersPod(
  caller: Caller,
  request: SecretRequest,
  defaultTokens: DefaultTokens,
  { readBoundPod, readPod }: CallersReads,
  signal: AbortSignal,
): Promise<CallersPod> {
  const name = podNameOf(caller, request, defaultTokens);
  const { namespace, pod } = caller;
  // Of an older webhook's Pod annotations decide, and they may have been changed a moment ago.
  const stored = await (pod === undefined || caller.tokenKind === "default"
    ? readPod({ namespace, name }, signal)
    : readBoundPod({ namespace, ...pod }, signal));
  if (stored === undefined) throw new Denial(`Pod ${caller.namespace}/${name} does not exist`);
  checkPod(stored, caller, defaultTokens);
  return { name, stored };
}

/** The Pod that the token is bound to. Only where any default token is accepted may the body say which. */
function podNameOf(caller: Caller, request: SecretRequest, defaultTokens: DefaultTokens): string {
  if (caller.pod === undefined) {
    if (defaultTokens !== "true") throw new Denial("the default token is bound to no Pod");
    return request.podName;
  }
  if (request.podName !== "" && request.podName !== caller.pod.name) {
    throw new Denial(`the token is bound to Pod ${caller.pod.name}, and asks for Pod ${request.podName}`);
  }
  return caller.pod.name;
}

/**
 * One that is being deleted is not among them: in its grace period a sidecar may start again (KEP-4438), and what runs
 * there has its values already. The API server takes no token of its any more from a minute after that period on.
 */
const FINISHED = new Set(["Succeeded", "Failed"]);

function checkPod(pod: Pod, caller: Caller, defaultTokens: DefaultTokens): void {
  if (caller.pod !== undefined && pod.uid !== caller.pod.uid)
    throw new Denial("the Pod is another of the same name");
  if (pod.serviceAccount !== caller.serviceAccount) {
    throw new Denial(
      `the Pod's service account is ${pod.serviceAccount}, the token's ${caller.serviceAccount}`,
    );
  }
  if (pod.phase !== undefined && FINISHED.has(pod.phase))
    throw new Denial(`the Pod has ${pod.phase.toLowerCase()}`);
  if (caller.tokenKind === "default" && defaultTokens !== "true" && hasOwnTokenVolume(pod)) {
    throw new Denial("a default token for a Pod that has a token of its own for us");
  }
}
