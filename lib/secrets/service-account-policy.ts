/** PIGGY_ALLOWED_SA: the policy that stands inside a secret. */
import { exactText, isExactObject } from "../exact-json.ts";
import { own } from "../json.ts";
import { describeEntry, type EntryFetch } from "../reference/entry-plan.ts";
import { jsonIn } from "../reference/entry-value.ts";
import type { Entries } from "./world.ts";

const POLICY_KEY = "PIGGY_ALLOWED_SA";

export interface Policy {
  /** `namespace:name` of who asks. */
  readonly serviceAccount: string;
  /** Whether a secret without the key is refused. */
  readonly isEnforced: boolean;
}

/**
 * Why a service account may not read a secret with these values, or undefined when it may. The key lists
 * `namespace:name`, separated by commas; without the key everybody may, unless it is enforced.
 */
export function whyNotAllowed(
  { values, ambiguous }: Pick<Entries, "values" | "ambiguous">,
  policy: Policy,
): string | undefined {
  if (ambiguous?.has(POLICY_KEY)) {
    return `${POLICY_KEY} stands in more than one parameter: ${ambiguous.get(POLICY_KEY)?.join(", ")}`;
  }
  return judge(values.get(POLICY_KEY), policy);
}

/** Why the references are refused before anything is read: what they name cannot hold the key that is enforced. */
export function whyNotReadable({ location, wanted }: EntryFetch, { isEnforced }: Policy): string | undefined {
  const cannotHold = wanted.find(({ entry }) => entry.kind === "parameter" || entry.pointer === undefined);
  if (!isEnforced || cannotHold === undefined) return undefined;
  const what = location.kind === "parameter" ? "a parameter" : "a reference to a whole secret";
  return `PIGGY_ENFORCE_SERVICE_ACCOUNT is set and ${what} has no ${POLICY_KEY}: ${describeEntry(location)}`;
}

/** Why a service account may not read an entry of this content. The key of a JSON object counts, however it is read. */
export function whyEntryNotAllowed(
  { location }: EntryFetch,
  content: string | Uint8Array,
  policy: Policy,
): string | undefined {
  const json = location.kind === "secret" ? jsonIn(content) : undefined;
  const reason = judge(isExactObject(json) ? exactText(own(json, POLICY_KEY)) : undefined, policy);
  return reason && `${describeEntry(location)}: ${reason}`;
}

function judge(allowed: string | undefined, { serviceAccount, isEnforced }: Policy): string | undefined {
  if (allowed === undefined) {
    return isEnforced
      ? `PIGGY_ENFORCE_SERVICE_ACCOUNT is set and the secret has no ${POLICY_KEY}`
      : undefined;
  }
  const names = allowed.split(",").map((entry) => entry.trim());
  return names.includes(serviceAccount) ? undefined : `${POLICY_KEY} does not name ${serviceAccount}`;
}
