/** Standalone mode: AWS is asked, with the container's own identity. */
import { resolveCredentials } from "../aws/credentials.ts";
import { createSignedStore } from "../aws/signed.ts";
import type { StoreLocation } from "../aws/store.ts";
import { PiggyError } from "../error.ts";
import type { Values } from "./resolution.ts";

const TIMEOUT_MS = 12_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws PiggyError `usage`, `region_invalid`, `credentials_missing`, `secret_*`, `aws_*`
 */
export async function askAws(own: ReadonlyMap<string, string>, environment: Environment): Promise<Values> {
  const store = createSignedStore({
    environment,
    credentials: (region, signal) => resolveCredentials(environment, region, signal),
  });
  const { values } = await store(locationOf(own, environment), AbortSignal.timeout(TIMEOUT_MS));
  return values;
}

function locationOf(own: ReadonlyMap<string, string>, environment: Environment): StoreLocation {
  const region =
    own.get("PIGGY_AWS_REGION") || environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"];
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
