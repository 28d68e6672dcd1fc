/** What whoever creates a Pod is told when it is denied. */
import { type ErrorCode, PiggyError } from "../error.ts";
import type { Log } from "../log.ts";
import { oneLine } from "../quotation.ts";
import { auditOfDenial } from "./audit.ts";
import type { AdmissionOutcome, AdmissionRequest } from "./review.ts";

/** What is worth another try a moment later, told to clients as such. */
const PASSING: ReadonlySet<ErrorCode> = new Set(["kubernetes_unavailable", "registry_unavailable"]);

/** In characters: names and images in it may be of any length. */
const LONGEST = 2000;
/** What is to be done stands at its end. */
const LONGEST_ADVICE = 800;

/** The message of an error of ours; of any other only that there was one, for its words are not written for strangers. */
export function denialBy(error: unknown, { uid, namespace }: AdmissionRequest, log: Log): AdmissionOutcome {
  const known = error instanceof PiggyError ? error : undefined;
  if (known === undefined) {
    log("error", "admission failed", { request: uid, error: String(error), stack: stackOf(error) });
  }
  const code = known?.code ?? "internal";
  const reason = known?.message ?? "internal error; the log of piggy-webhooks has the request's uid";
  const message = oneLine(reason, LONGEST, LONGEST_ADVICE);
  log("warn", "denied", { request: uid, namespace, code, reason: message });
  const isPassing = known !== undefined && PASSING.has(known.code);
  return {
    allowed: false,
    audit: auditOfDenial(code),
    status: {
      code: isPassing ? 503 : 403,
      reason: isPassing ? "ServiceUnavailable" : "Forbidden",
      message: `piggy: ${message}`,
    },
  };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
