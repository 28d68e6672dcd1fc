/**
 * Other credentials where AWS does not take those that there are. Whoever revokes a role's sessions (IAM User Guide,
 * "Revoking IAM role temporary security credentials") leaves those begun before without any right until they expire, and
 * a new one has them all.
 */
import { type ErrorCode, PiggyError } from "../error.ts";
import type { AwsCredentials } from "./signature.ts";

/** How old credentials are that are asked for anew: a policy that denies says no to new ones as well, every time. */
export const RENEWED_AFTER_MS = 60_000;

/** Whoever is refused is not kept waiting for it longer. */
const PATIENCE_MS = 1_000;

const REFUSALS: ReadonlySet<ErrorCode> = new Set(["aws_access_denied", "aws_credentials_refused"]);

/**
 * Looks for others.
 * @param error what came of a call with the `used` ones
 * @param get gives others than those that are shown to it, or these where they are new
 * @returns undefined where others are no help, or there are none
 */
export async function othersThan(
  used: AwsCredentials,
  error: unknown,
  get: (refused: AwsCredentials, signal: AbortSignal) => Promise<AwsCredentials>,
  signal: AbortSignal,
): Promise<AwsCredentials | undefined> {
  if (!(error instanceof PiggyError) || !REFUSALS.has(error.code)) return undefined;
  // What was said first is what is told: it names what was to be read.
  const ending = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const others = await get(used, ending).catch(() => undefined);
  return others?.accessKeyId === used.accessKeyId ? undefined : others;
}
