import { describe, expect, test } from "bun:test";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SSMClient } from "@aws-sdk/client-ssm";
import { SSOClient } from "@aws-sdk/nested-clients/sso";
import { SSOOIDCClient } from "@aws-sdk/nested-clients/sso-oidc";
import { STSClient } from "@aws-sdk/nested-clients/sts";
import { endpointOf, type Service, signingRegionOf } from "../../lib/aws/endpoint.ts";
import vectors from "../vectors/aws-endpoints.json";

const SERVICES = ["secretsmanager", "ssm", "sts", "sso", "sso-oidc"] as const;
type Environment = Readonly<Record<string, string | undefined>>;

describe("without configuration a service is asked in its region's partition", () => {
  test.each(vectors.regional.map(({ region, suffix }) => [region, suffix] as const))(
    "%s: %s",
    (region, suffix) => {
      for (const service of ["secretsmanager", "ssm", "sts"] as const) {
        expect(endpointOf(service, region, {}).href).toBe(`https://${service}.${region}.${suffix}/`);
      }
      expect(endpointOf("sso", region, {}).href).toBe(`https://portal.sso.${region}.${suffix}/`);
      expect(endpointOf("sso-oidc", region, {}).href).toBe(`https://oidc.${region}.${suffix}/`);
    },
  );
});

describe("the variables that choose a variant choose the host", () => {
  test.each(vectors.variants.map((vector) => [vector.environment, vector.region, vector] as const))(
    "%j in %s",
    (environment, region, { secretsmanager, ssm, sts, sso, "sso-oidc": oidc }) => {
      const asked = SERVICES.map((service) => [service, endpointOf(service, region, environment).host]);
      expect(Object.fromEntries(asked)).toEqual({ secretsmanager, ssm, sts, sso, "sso-oidc": oidc });
    },
  );
});

/** What the clients of the SDK resolve, each by the rules that it carries. */
function sdkEndpoint(
  service: Service,
  region: string,
  useFips: boolean,
  useDualStack: boolean,
  legacy: boolean,
) {
  const parameters = { Region: region, UseFIPS: useFips, UseDualStack: useDualStack };
  switch (service) {
    case "secretsmanager":
      return new SecretsManagerClient({ region }).config.endpointProvider(parameters);
    case "ssm":
      return new SSMClient({ region }).config.endpointProvider(parameters);
    case "sso":
      return new SSOClient({ region }).config.endpointProvider(parameters);
    case "sso-oidc":
      return new SSOOIDCClient({ region }).config.endpointProvider(parameters);
    case "sts":
      return new STSClient({ region }).config.endpointProvider({ ...parameters, UseGlobalEndpoint: legacy });
  }
}

function sdkSigningRegion({ properties }: ReturnType<typeof sdkEndpoint>, region: string): string {
  const schemes: unknown = properties?.["authSchemes"];
  const [scheme] = Array.isArray(schemes) ? schemes : [];
  return scheme?.signingRegion ?? region;
}

const FLAGS = [false, true] as const;
const VARIANTS = FLAGS.flatMap((fips) =>
  FLAGS.flatMap((dualStack) => FLAGS.map((legacy) => ({ fips, dualStack, legacy }))),
);

describe("every variant is the one that the SDK's clients resolve", () => {
  test.each(vectors.likeTheSdk)("%s", (region) => {
    for (const { fips, dualStack, legacy } of VARIANTS) {
      const environment: Environment = {
        AWS_USE_FIPS_ENDPOINT: String(fips),
        AWS_USE_DUALSTACK_ENDPOINT: String(dualStack),
        AWS_STS_REGIONAL_ENDPOINTS: legacy ? "legacy" : "regional",
      };
      for (const service of SERVICES) {
        const endpoint = endpointOf(service, region, environment);
        const sdk = sdkEndpoint(service, region, fips, dualStack, legacy);
        expect([endpoint.href, signingRegionOf(endpoint, region)]).toEqual([
          sdk.url.href,
          sdkSigningRegion(sdk, region),
        ]);
      }
    }
  });
});

describe("a configured endpoint", () => {
  test.each(vectors.configured.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    const { environment } = vector;
    const services = ["secretsmanager", "ssm", "sts"] as const;
    const asked = services.map((service) => [service, endpointOf(service, "eu-west-1", environment).href]);
    const { secretsmanager, ssm, sts } = vector;
    expect(Object.fromEntries(asked)).toEqual({ secretsmanager, ssm, sts });
  });

  test("of the SSO portal has a variable of its own", () => {
    const environment = { AWS_ENDPOINT_URL_SSO: "http://sso.test:4", AWS_ENDPOINT_URL: "http://aws.test:1" };
    expect(endpointOf("sso", "eu-west-1", environment).href).toBe("http://sso.test:4/");
  });

  test("of SSO's tokens has another", () => {
    const environment = { AWS_ENDPOINT_URL_SSO_OIDC: "http://oidc.test:5", AWS_ENDPOINT_URL_SSO: "http://b" };
    expect(endpointOf("sso-oidc", "eu-west-1", environment).href).toBe("http://oidc.test:5/");
  });

  test("is signed for the region that is asked for", () => {
    const environment = { AWS_ENDPOINT_URL: "http://aws.test:1", AWS_STS_REGIONAL_ENDPOINTS: "legacy" };
    expect(signingRegionOf(endpointOf("sts", "eu-west-1", environment), "eu-west-1")).toBe("eu-west-1");
  });

  test.each([
    ["aws.test", "aws.test"],
    ["localhost:4566", "localhost:4566"],
    ["ftp://aws.test", "ftp://aws.test"],
    ["https//aws.test", "https//aws.test"],
    ["ftp://me:hush@aws.test", "ftp://…@aws.test"],
    ["me:hush@aws.test", "…@aws.test"],
  ])("that is no URL of HTTP is refused: %s", (AWS_ENDPOINT_URL, shown) => {
    expect(() => endpointOf("ssm", "eu-west-1", { AWS_ENDPOINT_URL })).toThrow(
      expect.objectContaining({
        code: "setting_invalid",
        message: `AWS_ENDPOINT_URL: "${shown}" is not a URL that begins with http:// or https://`,
      }),
    );
  });
});

test.each(vectors.refusedSettings)("%j is refused", (environment: Environment) => {
  expect(() => endpointOf("sts", "eu-west-1", environment)).toThrow(
    expect.objectContaining({ code: "setting_invalid" }),
  );
});

describe("what is no region goes into no host name", () => {
  test.each(vectors.refusedRegions)("%j", (region) => {
    const environment = { AWS_ENDPOINT_URL: "http://aws.test:4566" };
    for (const given of [{}, environment]) {
      expect(() => endpointOf("secretsmanager", region, given)).toThrow(
        expect.objectContaining({ code: "region_invalid" }),
      );
    }
  });
});
