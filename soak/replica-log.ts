/** What a line of a replica's log means for a run. Pure. */
import type { ViolationKind } from "./record.ts";

export interface Expected {
  /** Is in every secret value, and in nothing else. */
  readonly marker: string;
  readonly isOurs: (namespace: string, pod: string) => boolean;
}

export interface Finding {
  readonly kind: ViolationKind;
  readonly who: string;
  readonly what: string;
}

/** What it counts as, and what is wrong with it. */
export interface Meaning {
  readonly counts: string;
  readonly finding?: Finding;
}

export function meaningOf(line: string, { marker, isOurs }: Expected): Meaning {
  if (line.includes(marker)) {
    const finding = { kind: "value in a log", who: "a replica", what: line.replaceAll(marker, "⋯") } as const;
    return { counts: "value", finding };
  }
  const { message, decision, namespace, pod, code, reason } = fieldsOf(line);
  if (message !== "secret decision") return { counts: message ?? "not JSON" };
  if (decision === "allowed") {
    if (isOurs(namespace ?? "", pod ?? "")) return { counts: "allowed" };
    const finding = { kind: "stranger in the audit", who: `${namespace}/${pod}`, what: line } as const;
    return { counts: "allowed", finding };
  }
  const counts = `denied: ${code}`;
  // No token of a Pod's is old enough to have ended while it is used: only a clock of the replica's own says so.
  if (!/token has expired/.test(reason ?? "")) return { counts };
  return { counts, finding: { kind: "wrongly denied", who: `${namespace}/${pod}`, what: line } };
}

/** Those that are text. */
function fieldsOf(line: string): Readonly<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== "object" || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}
