/** What is shown on a Pod of a request that failed, for whoever asks why it does not start. Pure. */
import { type ErrorCode, isAbsence, type PiggyError } from "../error.ts";
import type { Container } from "../pod.ts";
import { oneLine } from "../quotation.ts";
import { writtenReferences } from "./missing-keys.ts";

/** Stable: alerts and dashboards go by them. */
export type Reason =
  | "SecretNotAllowed"
  | "SecretNotFound"
  | "SecretKeyNotFound"
  | "SecretNotReadable"
  | "SecretNotUsable"
  | "SecretReferenceInvalid"
  | "SecretsUnavailable";

export interface Notice {
  readonly reason: Reason;
  readonly note: string;
}

/** What is not here says nothing about the Pod: without the API server there is nobody to tell either. */
const REASONS: Partial<Record<ErrorCode, Reason>> = {
  not_allowed: "SecretNotAllowed",
  secret_not_found: "SecretNotFound",
  reference_unresolved: "SecretKeyNotFound",
  secret_deleted: "SecretNotReadable",
  aws_access_denied: "SecretNotReadable",
  aws_kms_denied: "SecretNotReadable",
  aws_decryption_failed: "SecretNotReadable",
  aws_credentials_refused: "SecretNotReadable",
  credentials_missing: "SecretNotReadable",
  aws_untrusted: "SecretNotReadable",
  aws_error: "SecretNotReadable",
  secret_not_keyed: "SecretNotUsable",
  key_ambiguous: "SecretNotUsable",
  secret_not_text: "SecretNotUsable",
  reference_invalid: "SecretReferenceInvalid",
  region_invalid: "SecretReferenceInvalid",
  request_invalid: "SecretReferenceInvalid",
  overloaded: "SecretsUnavailable",
  aws_throttled: "SecretsUnavailable",
  aws_unavailable: "SecretsUnavailable",
};

/** Whether it heals by itself, and is asked for again until it has. */
export function isPassing(reason: Reason): boolean {
  return reason === "SecretsUnavailable";
}

/** In characters; an Event holds a kilobyte. */
const LONGEST = 1024;

/** One for each reason. Each message is one that whoever asked is told, too. */
export function noticesOf(failures: Iterable<PiggyError>, container: string | undefined): readonly Notice[] {
  const said = new Map<Reason, Set<string>>();
  for (const { code, message } of failures) {
    const reason = REASONS[code];
    if (reason === undefined) continue;
    const messages = said.get(reason) ?? new Set();
    said.set(reason, messages.add(`${code}: ${message}`));
  }
  const about = container === undefined ? "" : `container ${container}: `;
  return [...said].map(([reason, messages]) => ({
    reason,
    note: oneLine(`${about}${[...messages].join("; ")}`, LONGEST),
  }));
}

/** The failures that may keep the container from starting: what is not there and has a default in its place does not. */
export function failuresWithoutDefault(
  failures: ReadonlyMap<string, PiggyError>,
  container: Container,
): readonly PiggyError[] {
  if (failures.size === 0) return [];
  const written = writtenReferences(container);
  return [...failures].flatMap(([key, failure]) =>
    isAbsence(failure) && written.get(key)?.isOptional ? [] : [failure],
  );
}
