/**
 * Where a service is asked. Sources: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and
 * FIPS endpoints" and "AWS STS Regional endpoints"; the endpoint rules and partitions.json that the SDKs carry.
 */
import { PiggyError } from "../error.ts";
import { isRegion } from "../region.ts";

/** Of IAM Identity Center: `sso` gives a role's credentials for an access token, `sso-oidc` renews the token. */
export type Service = "secretsmanager" | "ssm" | "sts" | "sso" | "sso-oidc";
type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES: { readonly [S in Service]: string } = {
  secretsmanager: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  ssm: "AWS_ENDPOINT_URL_SSM",
  sts: "AWS_ENDPOINT_URL_STS",
  sso: "AWS_ENDPOINT_URL_SSO",
  "sso-oidc": "AWS_ENDPOINT_URL_SSO_OIDC",
};

const HOSTS: { readonly [S in Service]: string } = {
  secretsmanager: "secretsmanager",
  ssm: "ssm",
  sts: "sts",
  sso: "portal.sso",
  "sso-oidc": "oidc",
};

interface Partition {
  /** Of its regions' names. */
  readonly prefix: string;
  readonly suffix: string;
  readonly dualStackSuffix: string;
}

const COMMERCIAL: Partition = { prefix: "", suffix: "amazonaws.com", dualStackSuffix: "api.aws" };
const GOV_CLOUD: Partition = { ...COMMERCIAL, prefix: "us-gov-" };
const CHINA: Partition = {
  prefix: "cn-",
  suffix: "amazonaws.com.cn",
  dualStackSuffix: "api.amazonwebservices.com.cn",
};
const OTHERS: readonly Partition[] = [
  GOV_CLOUD,
  CHINA,
  { prefix: "us-isob-", suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud" },
  { prefix: "us-isof-", suffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov" },
  { prefix: "us-iso-", suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov" },
  { prefix: "eu-isoe-", suffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk" },
  { prefix: "eusc-", suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu" },
];

const GLOBAL_STS = "sts.amazonaws.com";

/** The regions of the time when STS had one endpoint only. */
const LEGACY_STS_REGIONS: ReadonlySet<string> = new Set([
  "ap-northeast-1",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
]);

interface Variant {
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/**
 * The service's URL in a region: the service's own AWS_ENDPOINT_URL_…, AWS_ENDPOINT_URL, or the region's, in the variant
 * that AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_STS_REGIONAL_ENDPOINTS ask for.
 * @throws PiggyError `region_invalid`, `setting_invalid`
 */
export function endpointOf(service: Service, region: string, environment: Environment): URL {
  if (!isRegion(region))
    throw new PiggyError("region_invalid", `${JSON.stringify(region)} is not an AWS region`);
  const variant = {
    fips: isOn(environment, "AWS_USE_FIPS_ENDPOINT"),
    dualStack: isOn(environment, "AWS_USE_DUALSTACK_ENDPOINT"),
  };
  const ignored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true";
  const configured = ignored ? undefined : environment[VARIABLES[service]] || environment["AWS_ENDPOINT_URL"];
  if (configured) return configuredEndpoint(configured, variant);
  const usesGlobal = service === "sts" && wantsGlobalSts(environment) && LEGACY_STS_REGIONS.has(region);
  if (usesGlobal && !variant.fips && !variant.dualStack) return new URL(`https://${GLOBAL_STS}`);
  return new URL(`https://${hostOf(service, region, variant)}`);
}

/** The region that a request to the endpoint is signed for: the global STS is in us-east-1. */
export function signingRegionOf(endpoint: URL, region: string): string {
  return endpoint.hostname === GLOBAL_STS ? "us-east-1" : region;
}

function configuredEndpoint(text: string, { fips, dualStack }: Variant): URL {
  const url = URL.parse(text);
  // `localhost:4566` is a URL too, of the scheme `localhost`.
  if (url === null || !/^https?:$/.test(url.protocol)) {
    // A password may stand in it.
    const shown = JSON.stringify(text.replace(/[^/]*@/, "…@"));
    throw new PiggyError(
      "setting_invalid",
      `AWS_ENDPOINT_URL: ${shown} is not a URL that begins with http:// or https://`,
    );
  }
  // The SDKs refuse it too: whether a host of one's own is FIPS validated is not for a variable to say.
  if (fips || dualStack) {
    const variable = fips ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT";
    throw new PiggyError(
      "setting_invalid",
      `${variable} and AWS_ENDPOINT_URL exclude each other: unset one of them`,
    );
  }
  return url;
}

function hostOf(service: Service, region: string, { fips, dualStack }: Variant): string {
  const partition = OTHERS.find(({ prefix }) => region.startsWith(prefix)) ?? COMMERCIAL;
  const host = HOSTS[service];
  const isSecretsManager = service === "secretsmanager";
  // The plain hosts of GovCloud are FIPS validated, and only Secrets Manager has others beside them.
  const isPlainFips = partition === GOV_CLOUD && !dualStack && !isSecretsManager;
  // The plain hosts of Secrets Manager answer by IPv6 as well.
  const isPlainDualStack =
    isSecretsManager &&
    (partition === COMMERCIAL || partition === GOV_CLOUD || (partition === CHINA && !fips));
  const name = fips && !isPlainFips ? `${host}-fips` : host;
  return `${name}.${region}.${dualStack && !isPlainDualStack ? partition.dualStackSuffix : partition.suffix}`;
}

function isOn(environment: Environment, variable: string): boolean {
  switch (environment[variable]?.toLowerCase()) {
    case "true":
      return true;
    case "false":
    case "":
    case undefined:
      return false;
    default:
      throw settingError(variable, environment[variable], "true or false");
  }
}

function wantsGlobalSts(environment: Environment): boolean {
  const variable = "AWS_STS_REGIONAL_ENDPOINTS";
  switch (environment[variable]?.toLowerCase()) {
    case "legacy":
      return true;
    case "regional":
    case "":
    case undefined:
      return false;
    default:
      throw settingError(variable, environment[variable], "regional or legacy");
  }
}

function settingError(variable: string, value: string | undefined, expected: string): PiggyError {
  return new PiggyError("setting_invalid", `${variable}: ${JSON.stringify(value)} is not ${expected}`);
}
