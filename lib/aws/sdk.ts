/** The webhook's transport: the AWS SDK, with its credential chain, retries and endpoints. */
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { PiggyError } from "../error.ts";
import { isRegion } from "../region.ts";
import type { EntryLocation, ReadEntry } from "./entry.ts";
import { readByPathIfDenied } from "./parameter-by-path.ts";
import { readOneSecret, readParameter } from "./sdk-entry.ts";
import { sdkError } from "./sdk-error.ts";
import { secretValues } from "./secret-values.ts";
import {
  describeLocation,
  type PathLocation,
  parameterKey,
  parametersInput,
  type ReadStore,
  type SecretLocation,
  type Store,
  type StoreEntries,
  type StoreLocation,
  secretValueInput,
} from "./store.ts";

/** Longer than any answer of a service that is well; the request's own deadline is usually nearer. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Reads by the AWS SDK. Clients are made when first needed, one for each service and region. */
export function createSdkStore(): Store {
  // fetch obeys HTTPS_PROXY and NO_PROXY, which the SDK's own handler for Node does not.
  const requestHandler = new FetchHttpHandler({ requestTimeout: REQUEST_TIMEOUT_MS });
  const secretsManager = perRegion(async (region) => {
    const { SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
    return new SecretsManagerClient({ region, requestHandler });
  });
  const ssm = perRegion(async (region) => {
    const { SSMClient } = await import("@aws-sdk/client-ssm");
    return new SSMClient({ region, requestHandler });
  });
  const readStore: ReadStore = (location, signal) =>
    asking(location, signal, async () =>
      location.kind === "secret"
        ? readSecret(await secretsManager(location.region), location, signal)
        : readPath(await ssm(location.region), location, signal),
    );
  const readOne: ReadEntry = (location, signal) =>
    asking(location, signal, async () =>
      location.kind === "secret"
        ? readOneSecret(await secretsManager(location.region), location, signal)
        : readParameter(await ssm(location.region), location, signal),
    );
  return {
    readStore,
    readEntry: (location, signal) =>
      readByPathIfDenied(() => readOne(location, signal), location, readStore, signal),
  };
}

/** @throws PiggyError, whatever the SDK throws */
async function asking<T>(
  location: StoreLocation | EntryLocation,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  if (!isRegion(location.region)) {
    throw new PiggyError("region_invalid", `${JSON.stringify(location.region)} is not an AWS region`);
  }
  try {
    return await ask();
  } catch (error) {
    throw sdkError(error, describeLocation(location), signal, location.region);
  }
}

/** Loads the SDK, so that the first Pod after a start need not wait for it. */
export async function preloadSdk(): Promise<void> {
  await Promise.all([import("@aws-sdk/client-secrets-manager"), import("@aws-sdk/client-ssm")]);
}

/** As many as AWS has, about: a region is named by whoever writes a Pod. */
const MOST_REGIONS = 48;

function perRegion<T>(create: (region: string) => Promise<T>): (region: string) => Promise<T> {
  const clients = new Map<string, Promise<T>>();
  return (region) => {
    const known = clients.get(region);
    if (known !== undefined) return known;
    const client = create(region);
    const [oldest] = clients.keys();
    if (clients.size >= MOST_REGIONS && oldest !== undefined) clients.delete(oldest);
    clients.set(region, client);
    client.catch(() => clients.delete(region));
    return client;
  };
}

async function readSecret(
  client: SecretsManagerClient,
  location: SecretLocation,
  signal: AbortSignal,
): Promise<StoreEntries> {
  const { GetSecretValueCommand } = await import("@aws-sdk/client-secrets-manager");
  const command = new GetSecretValueCommand(secretValueInput(location));
  const output = await client.send(command, { abortSignal: signal });
  const values = secretValues({ text: output.SecretString, bytes: output.SecretBinary }, location);
  return { values, version: output.VersionId };
}

async function readPath(
  client: SSMClient,
  location: PathLocation,
  signal: AbortSignal,
): Promise<StoreEntries> {
  const { GetParametersByPathCommand } = await import("@aws-sdk/client-ssm");
  const values = new Map<string, string>();
  let nextToken: string | undefined;
  do {
    const command = new GetParametersByPathCommand(parametersInput(location, nextToken));
    const output = await client.send(command, { abortSignal: signal });
    for (const { Name, Value } of output.Parameters ?? []) {
      if (Name !== undefined && Value !== undefined) values.set(parameterKey(Name), Value);
    }
    nextToken = output.NextToken;
  } while (nextToken);
  return { values, version: undefined };
}
