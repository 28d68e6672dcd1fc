/** Standalone mode: AWS is asked, with the container's own identity. */
import { resolveCredentials } from "../aws/credentials.ts";
import { firstDestinations } from "../aws/destinations.ts";
import type { EntryLocation } from "../aws/entry.ts";
import { resolveRegion } from "../aws/region.ts";
import type { AwsCredentials } from "../aws/signature.ts";
import { createSignedStore } from "../aws/signed.ts";
import type { Store, StoreLocation } from "../aws/store.ts";
import type { connect } from "../connection.ts";
import { isAbsence, PiggyError } from "../error.ts";
import { isStoreEntry } from "../reference/reference.ts";
import { isOwnVariable } from "../variables.ts";
import { bytesOf } from "./bytes.ts";
import { readText } from "./files.ts";
import type { Findings } from "./resolution.ts";
import { createTransport } from "./send.ts";
import type { Sources } from "./standalone-failure.ts";
import { createTimeLimit } from "./time-limit.ts";
import type { Mark } from "./timeline.ts";

const TIMEOUT_MS = 12_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param keys what is referred to; the Pod's secret or parameter path is read only for keys of its own
 * @param connectByName how to connect to a name, where the C library is not to look it up
 * @throws PiggyError `usage`, `region_invalid`, `credentials_missing`, `secret_*`, `aws_*`
 */
export async function askAws(
  own: ReadonlyMap<string, string>,
  environment: Environment,
  keys: readonly string[],
  mark: Mark,
  connectByName?: typeof connect,
): Promise<Findings> {
  const region = own.get("PIGGY_AWS_REGION") || (await resolveRegion(environment));
  const entries = keys.filter(isStoreEntry);
  const location = entries.length < keys.length ? locationOf(own, region) : undefined;
  const { send, prepare } = createTransport(environment, mark, connectByName);
  const { signal, paused } = createTimeLimit(TIMEOUT_MS);
  const connectFor = (first: StoreLocation | EntryLocation) => {
    for (const url of firstDestinations(first, environment)) prepare(url, signal);
  };
  if (location !== undefined) connectFor(location);
  const ask = async (question: string) => {
    const { askAtTerminal } = await import("./terminal.ts");
    return paused(() => askAtTerminal(question));
  };
  let credentials: Promise<AwsCredentials> | undefined;
  const store = createSignedStore({
    environment,
    credentials: (first, signal) => {
      // One identity for all that is read, whatever region it is in.
      credentials ??= resolveCredentials(environment, region || first.region, signal, {
        send,
        ask,
        readText: (file) => readText(bytesOf(file)),
      });
      return credentials;
    },
    send,
  });
  const sources = { own, environment };
  if (entries.length === 0 && location !== undefined) {
    return readKeys(keys, location, store, sources, signal);
  }
  const { askForEntries } = await import("./standalone-entries.ts");
  const readOthers = (others: readonly string[], of: StoreLocation) =>
    readKeys(others, of, store, sources, signal);
  return askForEntries({ keys, location, region, store, sources, readOthers, connectFor, signal });
}

/** The Pod's own secret or parameter path. That there is none is a failure of its keys, for which defaults stand. */
async function readKeys(
  keys: readonly string[],
  location: StoreLocation,
  { readStore }: Store,
  sources: Sources,
  signal: AbortSignal,
): Promise<Findings> {
  try {
    const read = await readStore(location, signal);
    const missing = keys.filter((key) => !read.values.has(key) || isOwnVariable(key));
    if (missing.length === 0) return { values: read.values, failures: NONE };
    const values = new Map(read.values);
    for (const key of missing) values.delete(key);
    const { missingKeys } = await import("./standalone-failure.ts");
    return { values, failures: missingKeys(missing, location, read, sources) };
  } catch (error) {
    const { withSource } = await import("./standalone-failure.ts");
    const failure = withSource(error, location, sources);
    if (!(failure instanceof PiggyError) || !isAbsence(failure)) throw failure;
    return { values: new Map(), failures: new Map(keys.map((key) => [key, failure])) };
  }
}

const NONE: Findings["failures"] = new Map();

/** @throws PiggyError `region_invalid`, `usage` */
function locationOf(own: ReadonlyMap<string, string>, region: string | undefined): StoreLocation {
  if (!region) {
    throw new PiggyError(
      "region_invalid",
      "no AWS region: set the annotation piggysec.com/aws-region, or AWS_REGION",
    );
  }
  const path = own.get("PIGGY_AWS_SSM_PARAMETER_PATH");
  if (path) return { kind: "path", path, region };
  const name = own.get("PIGGY_AWS_SECRET_NAME");
  if (!name) {
    throw new PiggyError(
      "usage",
      "nothing to read: set the annotation piggysec.com/aws-secret-name or piggysec.com/aws-ssm-parameter-path",
    );
  }
  return { kind: "secret", name, version: own.get("PIGGY_AWS_SECRET_VERSION") || "AWSCURRENT", region };
}
