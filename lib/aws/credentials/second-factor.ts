/** The code of a profile's mfa_serial. Source: AWS CLI User Guide, "Using multi-factor authentication". */
import { PiggyError } from "../../error.ts";
import type { CredentialContext } from "./context.ts";

/**
 * Asked at every start: what the AWS CLI keeps on disk so as not to ask are credentials.
 * @throws PiggyError `credentials_missing` without a terminal, or when what was given is no code
 */
export async function askForCode(
  serial: string,
  profile: string,
  { ask }: CredentialContext,
): Promise<string> {
  const code = await ask(`Code of the MFA device ${serial}, for AWS profile ${profile}: `);
  const fail = (problem: string) =>
    new PiggyError("credentials_missing", `AWS profile ${profile}: mfa_serial needs a code, ${problem}`);
  if (code === undefined) {
    throw fail(
      "and there is no terminal to ask for it: " +
        `run \`eval "$(aws configure export-credentials --profile ${profile} --format env)"\` first`,
    );
  }
  if (!/^\d{6}$/.test(code)) throw fail("and what was given is not six digits");
  return code;
}
