/** What the AWS SDK throws, as an error that a person can act on. */
import { messageOf, PiggyError } from "../error.ts";
import { awsError, withoutRequest } from "./failure.ts";

/** `what` was asked for is said first; `signal` is that of the call. */
export function sdkError(error: unknown, what: string, signal: AbortSignal): PiggyError {
  if (error instanceof PiggyError) return error;
  const name = error instanceof Error ? error.name : "";
  if (name === "CredentialsProviderError") {
    return new PiggyError(
      "credentials_missing",
      `${what}: piggy-webhooks has no AWS credentials: ${withoutRequest(messageOf(error))}`,
      { cause: error },
    );
  }
  if (signal.aborted) return awsError({ name: "", message: "no answer in time", status: 0 }, what, error);
  const answered = statusOf(error);
  // A success that cannot be read is not the service's own answer.
  const status = answered >= 200 && answered < 300 ? 502 : answered;
  return awsError({ name: status === 0 ? "" : name, message: messageOf(error), status }, what, error);
}

function statusOf(error: unknown): number {
  const metadata = error instanceof Error ? Reflect.get(error, "$metadata") : undefined;
  const status =
    typeof metadata === "object" && metadata !== null ? Reflect.get(metadata, "httpStatusCode") : 0;
  return typeof status === "number" ? status : 0;
}
