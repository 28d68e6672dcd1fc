/** X-Piggy-Unresolved: why piggy-webhooks has no value for some of the keys; loaded where it says so. */
import { type ErrorCode, PiggyError } from "../error.ts";
import { objectOf, own, parseJson } from "../json.ts";

/** What can be wrong with one of them. */
const CODES = [
  "reference_invalid",
  "reference_unresolved",
  "region_invalid",
  "overloaded",
  "credentials_missing",
  "secret_not_found",
  "secret_deleted",
  "secret_not_keyed",
  "key_ambiguous",
  "secret_not_text",
  "aws_access_denied",
  "aws_kms_denied",
  "aws_credentials_refused",
  "aws_decryption_failed",
  "aws_throttled",
  "aws_unavailable",
  "aws_untrusted",
  "aws_error",
] as const satisfies readonly ErrorCode[];

/** The key under which stands what is true of all that there was no room for. */
const OTHERS = "//";

/**
 * @param header base64url of a JSON object from key to `code` and `message`
 * @param values those that have one
 */
export function parseUnresolved(
  header: string,
  keys: readonly string[],
  values: ReadonlyMap<string, string>,
): ReadonlyMap<string, PiggyError> {
  const reasons = objectOf(parseJson(Buffer.from(header, "base64url").toString()));
  const failures = new Map<string, PiggyError>();
  for (const key of keys) {
    if (!values.has(key)) failures.set(key, failureOf(own(reasons, key) ?? own(reasons, OTHERS)));
  }
  return failures;
}

function failureOf(reason: unknown): PiggyError {
  const { code, message } = objectOf(reason);
  const known = CODES.find((each) => each === code);
  if (known !== undefined && typeof message === "string") return new PiggyError(known, message);
  return new PiggyError("webhook_refused", "piggy-webhooks has no value for it, and its log says why");
}
