/** Why STS does not give a role, as an error; loaded when that is so. */
import { type ErrorCode, PiggyError } from "../error.ts";
import { adviceForCredentials } from "./advice.ts";
import { type AwsFailure, codeByName, withoutRequest } from "./failure.ts";

/**
 * The role is said first, then the words of STS.
 * @param isSigned whether somebody's credentials signed the call; without them it is a token that STS does not take
 */
export function stsError(failure: AwsFailure, roleArn: string, isSigned: boolean): PiggyError {
  const code = codeOf(failure, isSigned);
  const message = withoutRequest(failure.message);
  const said = [`role ${roleArn}`, failure.name || `HTTP ${failure.status}`, message]
    .filter((part) => part !== "")
    .join(": ");
  if (code !== "aws_credentials_refused") return new PiggyError(code, said);
  return new PiggyError(
    code,
    `${said.replace(/[.:]$/, "")}: ${adviceForCredentials({ ...failure, message })}`,
  );
}

function codeOf(failure: AwsFailure, isSigned: boolean): ErrorCode {
  const code = codeByName(failure);
  const isOfToken = code === "aws_credentials_refused" && !isSigned;
  return isOfToken || code === "aws_error" ? "aws_access_denied" : code;
}
