/** What AWS said, as an error that a person can act on. Loaded when something failed, and not before. */
import { type ErrorCode, PiggyError } from "../error.ts";
import { type JsonObject, stringOf } from "../json.ts";
import { oneLine } from "../quotation.ts";
import { adviceFor } from "./advice.ts";
import type { Received } from "./send.ts";

export interface AwsFailure {
  /** The error's name on the wire, such as `AccessDeniedException`; empty when AWS did not answer. */
  readonly name: string;
  readonly message: string;
  /** HTTP status; 0 when there was none. */
  readonly status: number;
  /** That was asked, where the service has regions. */
  readonly region?: string;
}

/**
 * The error's name, which stands in the body or in a header, between a namespace and a URI.
 * @param answer the body; empty where it is no JSON
 * Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization".
 */
export function errorName({ __type, code }: JsonObject, headers: Received["headers"]): string {
  const written = stringOf(__type) ?? stringOf(code) ?? headers.get("x-amzn-errortype") ?? "";
  return written.replace(/:.*$/s, "").replace(/^.*#/s, "");
}

/** Sources: API references of Secrets Manager, Systems Manager, KMS and STS, "Common Errors" and each call's errors. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ResourceNotFoundException: "secret_not_found",
  ParameterNotFound: "secret_not_found",
  ParameterVersionNotFound: "secret_not_found",
  AccessDenied: "aws_access_denied",
  AccessDeniedException: "aws_access_denied",
  DecryptionFailure: "aws_decryption_failed",
  DecryptionFailureException: "aws_decryption_failed",
  InvalidKeyId: "aws_decryption_failed",
  ExpiredToken: "aws_credentials_refused",
  ExpiredTokenException: "aws_credentials_refused",
  UnrecognizedClientException: "aws_credentials_refused",
  InvalidClientTokenId: "aws_credentials_refused",
  InvalidSignatureException: "aws_credentials_refused",
  SignatureDoesNotMatch: "aws_credentials_refused",
  IncompleteSignature: "aws_credentials_refused",
  IncompleteSignatureException: "aws_credentials_refused",
  MissingAuthenticationToken: "aws_credentials_refused",
  MissingAuthenticationTokenException: "aws_credentials_refused",
  RequestExpired: "aws_credentials_refused",
  ThrottlingException: "aws_throttled",
  ThrottledException: "aws_throttled",
  Throttling: "aws_throttled",
  TooManyRequests: "aws_throttled",
  TooManyRequestsException: "aws_throttled",
  RequestLimitExceeded: "aws_throttled",
  RequestThrottled: "aws_throttled",
  RequestThrottledException: "aws_throttled",
  InternalServiceError: "aws_unavailable",
  InternalServerError: "aws_unavailable",
  ServiceUnavailable: "aws_unavailable",
  IDPCommunicationError: "aws_unavailable",
  IDPCommunicationErrorException: "aws_unavailable",
};

/** That a KMS key may not be used is said by the stores under names of their own, and in words. */
const OF_KMS = /\bKMS\b|kms:|customer master key/;
const IS_DELETED = /marked (?:for deletion|deleted)|scheduled for deletion/;
const NO_SUCH_STAGE = /VersionStage that is not associated/;

function codeOf(failure: AwsFailure): ErrorCode {
  const { name, message } = failure;
  const code = codeByName(failure);
  if (code === "aws_access_denied" && OF_KMS.test(message)) return "aws_kms_denied";
  return name === "InvalidRequestException" ? codeOfInvalidRequest(message) : code;
}

/** By the name, or by the status where nothing is known of the name; whatever the message says. */
export function codeByName({ name, status }: Pick<AwsFailure, "name" | "status">): ErrorCode {
  const code = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (code !== undefined) return code;
  if (status === 429) return "aws_throttled";
  return status === 0 || status >= 500 ? "aws_unavailable" : "aws_error";
}

/** Secrets Manager has one name for all that the state of a secret does not allow. */
function codeOfInvalidRequest(message: string): ErrorCode {
  if (IS_DELETED.test(message)) return "secret_deleted";
  if (NO_SUCH_STAGE.test(message)) return "secret_not_found";
  return OF_KMS.test(message) ? "aws_kms_denied" : "aws_error";
}

/** In characters. */
const LONGEST_MESSAGE = 700;

/** `what` was asked for is said first, then AWS's own words, then what to do. */
export function awsError(failure: AwsFailure, what: string, cause?: unknown): PiggyError {
  const code = codeOf(failure);
  const message = withoutRequest(failure.message);
  const said = [failure.name, message].filter((part) => part !== "").join(": ") || `HTTP ${failure.status}`;
  const advice = adviceFor(code, { ...failure, message }, what);
  const text = advice === undefined ? said : `${said.replace(/[.:]$/, "")}: ${advice}`;
  return new PiggyError(code, `${what}: ${text}`, { cause });
}

/**
 * AWS's words without those of the request: who signed wrongly is told what should have been signed, the session token
 * included, below the first line, or is shown the Authorization header.
 */
export function withoutRequest(message: string): string {
  const [line = ""] = message.split(/[\r\n]|Authorization=/, 1);
  return oneLine(line.trim(), LONGEST_MESSAGE);
}
