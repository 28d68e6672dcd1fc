import { describe, expect, test } from "bun:test";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SSMClient } from "@aws-sdk/client-ssm";
import { endpointOf } from "../../lib/aws/endpoint.ts";
import vectors from "../vectors/aws-endpoints.json";

const SERVICES = ["secretsmanager", "ssm", "sts"] as const;

describe("without configuration a service is asked in its region's partition", () => {
  test.each(vectors.regional.map(({ region, suffix }) => [region, suffix] as const))(
    "%s: %s",
    (region, suffix) => {
      for (const service of SERVICES) {
        expect(endpointOf(service, region, {}).href).toBe(`https://${service}.${region}.${suffix}/`);
      }
    },
  );

  test.each(vectors.regional.map(({ region }) => region))("%s, as the SDK has it", (region) => {
    const parameters = { Region: region, UseFIPS: false, UseDualStack: false };
    const secretsManager = new SecretsManagerClient({ region }).config.endpointProvider(parameters);
    const ssm = new SSMClient({ region }).config.endpointProvider(parameters);
    expect(endpointOf("secretsmanager", region, {}).href).toBe(secretsManager.url.href);
    expect(endpointOf("ssm", region, {}).href).toBe(ssm.url.href);
  });
});

describe("a configured endpoint", () => {
  test.each(vectors.configured.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    const { environment } = vector;
    const asked = SERVICES.map((service) => [service, endpointOf(service, "eu-west-1", environment).href]);
    const { secretsmanager, ssm, sts } = vector;
    expect(Object.fromEntries(asked)).toEqual({ secretsmanager, ssm, sts });
  });

  test("that is no URL is refused", () => {
    expect(() => endpointOf("ssm", "eu-west-1", { AWS_ENDPOINT_URL: "aws.test" })).toThrow(
      expect.objectContaining({ code: "setting_invalid" }),
    );
  });
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
