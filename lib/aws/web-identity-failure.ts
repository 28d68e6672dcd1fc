/** What to do when STS gives no role for a token; loaded when that is so. */
import { PiggyError } from "../error.ts";

/** By what STS says. Source: AWS STS API Reference, AssumeRoleWithWebIdentity, "Errors". */
const ADVICE: readonly (readonly [said: RegExp, advice: string])[] = [
  [
    /Not authorized to perform sts:AssumeRoleWithWebIdentity/,
    "the role's trust policy must allow it to this service account, by the subject and the audience of its token",
  ],
  [
    /InvalidIdentityToken/,
    "IAM must have the issuer of the token as an identity provider, with the token's audience",
  ],
  [/ExpiredToken/, "the token's file has not been renewed"],
];

/** The failure with what to do, where that is known. */
export function withAdvice(failure: unknown): unknown {
  if (!(failure instanceof PiggyError)) return failure;
  const { code, message } = failure;
  const advice = ADVICE.find(([said]) => said.test(message))?.[1];
  if (advice === undefined) return failure;
  return new PiggyError(code, `${message.replace(/\.$/, "")}: ${advice}`, { cause: failure });
}
