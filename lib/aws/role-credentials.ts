/**
 * Credentials of the roles that stores are read as. A session bears the namespace and the service account that it is
 * for, as its name and as tags, which policies can be written about. Sources: AWS STS API Reference, AssumeRole; IAM
 * User Guide, "Pass session tags in AWS STS".
 */
import { createBoundedCache } from "../bounded-cache.ts";
import { asPiggyError, PiggyError } from "../error.ts";
import type { Role } from "../role.ts";
import { createSingleFlight } from "../single-flight.ts";
import type { MakeCall } from "./call.ts";
import type { AwsClock } from "./clock.ts";
import type { EntryLocation } from "./entry.ts";
import { type OwnCredentials, stsRegion } from "./own-credentials.ts";
import { othersThan, RENEWED_AFTER_MS } from "./refused-credentials.ts";
import type { Send } from "./send.ts";
import type { AwsCredentials } from "./signature.ts";
import { describeLocation, type StoreLocation } from "./store.ts";
import { assumeRole } from "./sts.ts";

export interface RoleWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Who assumes the roles, and who reads what is to be read as no role. */
  readonly own: OwnCredentials;
  readonly send: Send;
  readonly clock: AwsClock;
  /** What the calls to STS are made through. */
  readonly measure?: MakeCall | undefined;
  /** In milliseconds, never set back. */
  readonly elapsed?: (() => number) | undefined;
}

interface Kept {
  readonly credentials: AwsCredentials;
  /** By `elapsed`. */
  readonly since: number;
}

/** In a tag's key and value AWS takes letters, digits, spaces and `_.:/=+-@`. Source: STS API Reference, Tag. */
const NAMESPACE_TAG = "piggysec.com/namespace";
const SERVICE_ACCOUNT_TAG = "piggysec.com/service-account";

/** A session for each service account; one's token is some 1.5 KB. */
const KEPT = { entries: 2_000, bytes: 4 * 1024 * 1024 };

/** As long before they expire as the SDKs get new ones. */
const EARLY_MS = 5 * 60_000;

/**
 * The credentials that a location is read with. Sessions are kept, and asked for once by all who want the same.
 *
 * What it gives throws PiggyError as OwnCredentials and askSts do; the message names the location and the role.
 */
export function createRoleCredentials({
  environment,
  own,
  send,
  clock,
  measure = (_, signal, run) => run(signal),
  elapsed = () => performance.now(),
}: RoleWorld): OwnCredentials {
  const kept = createBoundedCache<Kept>(KEPT, () => clock.now().getTime());
  const once = createSingleFlight<AwsCredentials>();
  return async (location, signal, refused) => {
    const { role } = location;
    if (role === undefined) return own(location, signal, refused);
    const { arn, externalId = "", namespace, serviceAccount } = role;
    const key = JSON.stringify([arn, externalId, namespace, serviceAccount]);
    const known = kept.get(key);
    const isRefused = refused !== undefined && refused.accessKeyId === known?.credentials.accessKeyId;
    if (known !== undefined && !(isRefused && elapsed() - known.since >= RENEWED_AFTER_MS)) {
      return known.credentials;
    }
    const first = await own(location, signal);
    const region = stsRegion(environment, location);
    const session = { roleArn: arn, sessionName: sessionNameOf(role), parameters: parametersOf(role) };
    const begin = (signer: AwsCredentials, until: AbortSignal) =>
      measure({ service: "sts", region, action: "AssumeRole" }, until, (ending) =>
        assumeRole({ ...session, signer }, { environment, region, signal: ending, send, clock }),
      );
    const run = async (until: AbortSignal) => {
      const { credentials, expiration } = await begin(first, until).catch(async (error) => {
        const signer = await othersThan(
          first,
          error,
          (denied, ending) => own(location, ending, denied),
          until,
        );
        if (signer === undefined) throw error;
        return begin(signer, until);
      });
      const lifetime = (expiration?.getTime() ?? 0) - EARLY_MS - clock.now().getTime();
      const size = 100 + (credentials.sessionToken ?? "").length;
      if (lifetime > 0) kept.put(key, { credentials, since: elapsed() }, size, lifetime);
      return credentials;
    };
    const late = () => new PiggyError("aws_unavailable", `role ${arn}: no answer in time`);
    try {
      return await once({ key, signal, run, late });
    } catch (error) {
      throw refusal(error, location);
    }
  };
}

function refusal(error: unknown, location: StoreLocation | EntryLocation): PiggyError {
  const { code, message } = asPiggyError(error, "aws_unavailable");
  const todo =
    code === "aws_access_denied"
      ? ". The identity of piggy-webhooks must be allowed sts:AssumeRole and sts:TagSession of it, by its own policy " +
        "and by the role's trust policy"
      : "";
  return new PiggyError(code, `${describeLocation(location)}: ${message}${todo}`, { cause: error });
}

function parametersOf({ externalId, namespace, serviceAccount }: Role): Readonly<Record<string, string>> {
  return {
    "Tags.member.1.Key": NAMESPACE_TAG,
    "Tags.member.1.Value": namespace,
    "Tags.member.2.Key": SERVICE_ACCOUNT_TAG,
    "Tags.member.2.Value": serviceAccount,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  };
}

/** What a session's name may be long. */
const LONGEST_NAME = 64;

/** As CloudTrail shows it. A namespace has no dot, so the first one ends it; a long name ends in a digest of the whole. */
function sessionNameOf({ namespace, serviceAccount }: Role): string {
  const name = `${namespace}.${serviceAccount}`;
  if (name.length <= LONGEST_NAME) return name;
  const digest = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 16);
  return `${name.slice(0, LONGEST_NAME - digest.length - 1)}-${digest}`;
}
