/** Standalone mode: AWS is asked, with the container's own identity. */
import { resolveCredentials } from "../aws/credentials.ts";
import { firstDestinations } from "../aws/destinations.ts";
import { resolveRegion } from "../aws/region.ts";
import { createSignedStore } from "../aws/signed.ts";
import type { StoreLocation } from "../aws/store.ts";
import { PiggyError } from "../error.ts";
import { bytesOf } from "./bytes.ts";
import type { connect } from "./connection.ts";
import { readText } from "./files.ts";
import type { Values } from "./resolution.ts";
import { createTransport } from "./send.ts";
import { createTimeLimit } from "./time-limit.ts";
import type { Mark } from "./timeline.ts";

const TIMEOUT_MS = 12_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param connectByName how to connect to a name, where the C library is not to look it up
 * @throws PiggyError `usage`, `region_invalid`, `credentials_missing`, `secret_*`, `aws_*`
 */
export async function askAws(
  own: ReadonlyMap<string, string>,
  environment: Environment,
  mark: Mark,
  connectByName?: typeof connect,
): Promise<Values> {
  const location = await locationOf(own, environment);
  const { send, prepare } = createTransport(environment, mark, connectByName);
  const { signal, paused } = createTimeLimit(TIMEOUT_MS);
  for (const url of firstDestinations(location, environment)) prepare(url, signal);
  const ask = async (question: string) => {
    const { askAtTerminal } = await import("./terminal.ts");
    return paused(() => askAtTerminal(question));
  };
  const store = createSignedStore({
    environment,
    credentials: (region, signal) =>
      resolveCredentials(environment, region, signal, {
        send,
        ask,
        readText: (file) => readText(bytesOf(file)),
      }),
    send,
  });
  const { values } = await store.readStore(location, signal);
  return values;
}

async function locationOf(
  own: ReadonlyMap<string, string>,
  environment: Environment,
): Promise<StoreLocation> {
  const region = own.get("PIGGY_AWS_REGION") || (await resolveRegion(environment));
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
