/** A command of the developer's own. Source: AWS SDKs and Tools Reference Guide, "Process credential provider". */
import { messageOf, PiggyError } from "../../error.ts";
import { isJsonObject, parseJson } from "../../json.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext } from "./context.ts";
import { parseIssued } from "./issued.ts";

/**
 * Runs it in a shell, as the SDKs do. Its stderr goes to ours, for it may ask for something; its stdout is never shown,
 * and it does not get our stdin, which belongs to the program that is started afterwards.
 * @throws PiggyError `credentials_missing`
 */
export async function processCredentials(
  command: string,
  profile: string,
  { environment, signal }: CredentialContext,
): Promise<AwsCredentials> {
  const failed = (problem: string, cause?: unknown) =>
    new PiggyError("credentials_missing", `credential_process of profile ${profile} ${problem}`, { cause });
  let output: string;
  let exitCode: number;
  try {
    const child = Bun.spawn(["/bin/sh", "-c", command], {
      env: { ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      signal,
    });
    // What the command has started itself may hold the pipe open after its end.
    output = await Promise.race([child.stdout.text(), aborted(signal)]);
    exitCode = await child.exited;
  } catch (error) {
    throw failed(signal.aborted ? "was not done in time" : `cannot be run: ${messageOf(error)}`, error);
  }
  if (exitCode !== 0) throw failed(`ended with exit code ${exitCode}`);
  const value = parseJson(output);
  if (!isJsonObject(value)) throw failed("did not print JSON");
  if (value["Version"] !== 1) throw failed("did not print Version 1");
  const issued = parseIssued(output, "SessionToken");
  if (issued === undefined) throw failed("did not print AccessKeyId and SecretAccessKey");
  const { credentials, expiration } = issued;
  if (expiration !== undefined && expiration.getTime() < Date.now()) {
    throw failed("printed credentials that have expired");
  }
  return credentials;
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}
