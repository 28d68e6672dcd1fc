import { resolveCredentials, type Surroundings } from "../../../lib/aws/credentials.ts";
import type { AwsCredentials } from "../../../lib/aws/signature.ts";
import { PiggyError } from "../../../lib/error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export const REGION = "eu-west-1";

/** Without the machine's own instance metadata, unless an endpoint is given. */
export function resolve(
  environment: Environment,
  { timeoutMs = 5_000, ...surroundings }: Surroundings & { readonly timeoutMs?: number } = {},
): Promise<AwsCredentials> {
  const metadata = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    ? {}
    : { AWS_EC2_METADATA_DISABLED: "true" };
  const signal = AbortSignal.timeout(timeoutMs);
  return resolveCredentials({ ...metadata, ...environment }, REGION, signal, surroundings);
}

export async function refusalOf(credentials: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await credentials.then(
    (found) => new Error(`there are credentials: ${JSON.stringify(found)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof PiggyError) return { code: error.code, message: error.message };
  throw error;
}
