/**
 * What the API server writes into its audit log beside a request, under the webhook's name: names of containers and
 * codes, never a value. Source: Kubernetes API reference, admission.k8s.io/v1 AdmissionResponse, auditAnnotations.
 */
import type { ErrorCode } from "../error.ts";
import type { Decision } from "./decide.ts";

export type Audit = Readonly<Record<string, string>>;

/** Far below the 256 KiB that are allowed: an audit line is read by people. */
const LONGEST = 4096;

/** `injected`, `unwrapped` and `skipped`, each only where there is something to say. */
export function auditOf(decisions: readonly Decision[]): Audit {
  const namesOf = (isMeant: (decision: Decision) => boolean) =>
    decisions
      .filter(isMeant)
      .map(({ container }) => container.name)
      .join(",")
      .slice(0, LONGEST);
  const said = {
    injected: namesOf(({ action }) => action === "wrap"),
    unwrapped: namesOf(({ action }) => action === "unwrap"),
    // What stays without the injector and should have had it, which is what its warning says.
    skipped: namesOf(({ action, warnings }) => action !== "wrap" && warnings.length > 0),
  };
  return Object.fromEntries(Object.entries(said).filter(([, names]) => names !== ""));
}

export function auditOfDenial(code: ErrorCode | "internal"): Audit {
  return { denied: code };
}
