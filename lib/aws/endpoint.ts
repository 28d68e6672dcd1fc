/** Where a service is asked. Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints". */
import { PiggyError } from "../error.ts";
import { isRegion } from "../region.ts";

export type Service = "secretsmanager" | "ssm" | "sts";
type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES: { readonly [S in Service]: string } = {
  secretsmanager: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  ssm: "AWS_ENDPOINT_URL_SSM",
  sts: "AWS_ENDPOINT_URL_STS",
};

const PARTITION_SUFFIXES = [
  ["cn-", "amazonaws.com.cn"],
  ["us-isob-", "sc2s.sgov.gov"],
  ["us-isof-", "csp.hci.ic.gov"],
  ["us-iso-", "c2s.ic.gov"],
  ["eu-isoe-", "cloud.adc-e.uk"],
  ["eusc-", "amazonaws.eu"],
] as const;

/**
 * The service's URL in a region: the service's own AWS_ENDPOINT_URL_…, AWS_ENDPOINT_URL, or the region's.
 * @throws PiggyError `region_invalid`, `setting_invalid`
 */
export function endpointOf(service: Service, region: string, environment: Environment): URL {
  if (!isRegion(region))
    throw new PiggyError("region_invalid", `${JSON.stringify(region)} is not an AWS region`);
  const ignored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true";
  const configured = ignored ? undefined : environment[VARIABLES[service]] || environment["AWS_ENDPOINT_URL"];
  if (configured) {
    if (URL.canParse(configured)) return new URL(configured);
    throw new PiggyError("setting_invalid", `AWS_ENDPOINT_URL: ${JSON.stringify(configured)} is not a URL`);
  }
  const suffix = PARTITION_SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "amazonaws.com";
  return new URL(`https://${service}.${region}.${suffix}`);
}
