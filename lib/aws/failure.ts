/** What AWS said, as an error that a person can act on. */
import { type ErrorCode, PiggyError } from "../error.ts";

export interface AwsFailure {
  /** The error's name on the wire, such as `AccessDeniedException`; empty when AWS did not answer. */
  readonly name: string;
  readonly message: string;
  /** HTTP status; 0 when there was none. */
  readonly status: number;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  ResourceNotFoundException: "secret_not_found",
  ParameterNotFound: "secret_not_found",
  ParameterVersionNotFound: "secret_not_found",
  // A secret that is marked for deletion is said to be an invalid request.
  InvalidRequestException: "secret_not_found",
  AccessDenied: "aws_access_denied",
  AccessDeniedException: "aws_access_denied",
  DecryptionFailure: "aws_decryption_failed",
  DecryptionFailureException: "aws_decryption_failed",
  InvalidKeyId: "aws_decryption_failed",
  ThrottlingException: "aws_throttled",
  Throttling: "aws_throttled",
  TooManyRequestsException: "aws_throttled",
  RequestLimitExceeded: "aws_throttled",
  InternalServiceError: "aws_unavailable",
  InternalServerError: "aws_unavailable",
  ServiceUnavailable: "aws_unavailable",
};

function codeOf({ name, status }: AwsFailure): ErrorCode {
  const code = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  return code ?? (status === 0 || status >= 500 ? "aws_unavailable" : "aws_error");
}

/** `what` was asked for is said first. */
export function awsError(failure: AwsFailure, what: string, cause?: unknown): PiggyError {
  const said = [failure.name, failure.message].filter((part) => part !== "").join(": ");
  return new PiggyError(codeOf(failure), `${what}: ${said || `HTTP ${failure.status}`}`, {
    cause,
  });
}
