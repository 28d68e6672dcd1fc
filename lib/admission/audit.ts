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
  const audit: Record<string, string> = {};
  const add = (what: string, { container }: Decision) => {
    const before = audit[what];
    audit[what] = (before === undefined ? container.name : `${before},${container.name}`).slice(0, LONGEST);
  };
  for (const decision of decisions) {
    const { action, warnings } = decision;
    if (action === "wrap") add("injected", decision);
    if (action === "unwrap") add("unwrapped", decision);
    // What stays without the injector and should have had it, which is what its warning says.
    if (action !== "wrap" && warnings.length > 0) add("skipped", decision);
  }
  return audit;
}

export function auditOfDenial(code: ErrorCode | "internal"): Audit {
  return { denied: code };
}
