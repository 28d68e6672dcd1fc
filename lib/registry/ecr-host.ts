/** Names of Amazon ECR's private registries. Source: Amazon ECR User Guide, "Amazon ECR private registry". */
import { isRegion } from "../region.ts";

export interface EcrRegistry {
  readonly region: string;
  readonly fips: boolean;
}

const SUFFIXES: ReadonlySet<string> = new Set([
  "amazonaws.com",
  "amazonaws.com.cn",
  "amazonaws.eu",
  // Of both IP families.
  "on.aws",
  "on.amazonwebservices.com.cn",
  // Partitions that are not on the internet.
  "sc2s.sgov.gov",
  "c2s.ic.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov",
]);

/** The account, the service, the region, the partition's own suffix. */
const HOST = /^\d{12}\.dkr[.-]ecr(-fips)?\.([^.]+)\.(.+)$/;

/** Where a private registry of ECR is, by its host in an image's name; undefined for every other host. */
export function parseEcrHost(host: string): EcrRegistry | undefined {
  const [, fips, region = "", suffix = ""] = HOST.exec(host) ?? [];
  if (!SUFFIXES.has(suffix) || !isRegion(region)) return undefined;
  return { region, fips: fips !== undefined };
}
