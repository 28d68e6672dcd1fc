/**
 * The webhook's own AWS identity, by the SDK's chain: keys, profile, web identity (IRSA), the container's (EKS Pod
 * Identity), the instance's. The SDK keeps what it found, and gets it anew five minutes before it expires.
 */
import { PiggyError } from "../error.ts";
import { isRegion } from "../region.ts";
import type { EntryLocation } from "./entry.ts";
import { RENEWED_AFTER_MS } from "./refused-credentials.ts";
import { sdkError } from "./sdk-error.ts";
import { sdkRequestHandler } from "./sdk-requests.ts";
import type { AwsCredentials } from "./signature.ts";
import { describeLocation, type StoreLocation } from "./store.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** `refused` are those in whose place others are wanted. */
export type OwnCredentials = (
  location: StoreLocation | EntryLocation,
  signal: AbortSignal,
  refused?: AwsCredentials,
) => Promise<AwsCredentials>;

/** What the SDK's chain gives; it keeps what it found. */
type Provide = (identity: {
  readonly callerClientConfig: { region(): Promise<string> };
}) => Promise<AwsCredentials>;

export interface OwnOptions {
  /** In milliseconds, never set back. */
  readonly elapsed?: () => number;
  readonly load?: () => Promise<Provide>;
}

/**
 * One identity for all that is read, whatever region it is in. The SDK reads the process's own environment; the given
 * one says the region that STS is asked in, which without it is the first location's.
 *
 * What it gives throws PiggyError `region_invalid`, `credentials_missing`, `aws_*`; the message names the location.
 */
export function createOwnCredentials(
  environment: Environment,
  { elapsed = () => performance.now(), load = loadChain }: OwnOptions = {},
): OwnCredentials {
  type Identity = Parameters<Provide>[0];
  // Loaded when it is first asked, so that a start listens before.
  let chain: Promise<Provide> | undefined;
  let last: { readonly accessKeyId: string; since: number } | undefined;
  let renewal: Promise<AwsCredentials> | undefined;

  const current = async (identity: Identity): Promise<AwsCredentials> => {
    chain ??= load().catch((error: unknown) => {
      chain = undefined;
      throw error;
    });
    return note(await (await chain)(identity));
  };
  const note = (found: AwsCredentials): AwsCredentials => {
    const { accessKeyId } = found;
    if (accessKeyId !== last?.accessKeyId) last = { accessKeyId, since: elapsed() };
    return found;
  };
  /** What there is serves everybody else until there are others: a refusal is mostly no fault of the identity's. */
  const renewed = async (identity: Identity): Promise<AwsCredentials> => {
    const next = await load();
    const found = await next(identity);
    chain = Promise.resolve(next);
    return note(found);
  };
  const othersThan = (refused: AwsCredentials, identity: Identity): Promise<AwsCredentials> => {
    if (last === undefined || last.accessKeyId !== refused.accessKeyId) return current(identity);
    if (renewal === undefined && elapsed() - last.since >= RENEWED_AFTER_MS) {
      // Once a minute, whatever comes of it.
      last.since = elapsed();
      renewal = renewed(identity).finally(() => {
        renewal = undefined;
      });
    }
    return renewal ?? current(identity);
  };

  return async (location, signal, refused) => {
    if (!isRegion(location.region)) {
      throw new PiggyError("region_invalid", `${JSON.stringify(location.region)} is not an AWS region`);
    }
    const region = stsRegion(environment, location);
    const identity = { callerClientConfig: { region: async () => region } };
    try {
      return await settledBy(
        signal,
        refused === undefined ? current(identity) : othersThan(refused, identity),
      );
    } catch (error) {
      throw sdkError(error, describeLocation(location), signal);
    }
  };
}

/** Where STS is asked: what it gives serves in every region. */
export function stsRegion(environment: Environment, { region }: { readonly region: string }): string {
  return environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"] || region;
}

async function loadChain(): Promise<Provide> {
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  // Whoever reads asks again, with pauses, while there is time; three times for each of these is no help to STS.
  return defaultProvider({ clientConfig: { requestHandler: sdkRequestHandler(), maxAttempts: 1 } });
}

/** What the SDK looks for is for everybody who waits, so it goes on when one of them has waited long enough. */
async function settledBy<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([result, ended]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
