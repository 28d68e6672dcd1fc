/** Where the injector asks, and how it knows that it asks the right one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, environmentOf, mutate, ownAddressOf, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const ADDRESS = "piggysec.com/piggy-address";
const inject = (annotations: Record<string, string>) => mutate(world, podWith({}, { annotations }));

describe("the webhook's own Service", () => {
  test.each([
    "https://piggy-webhooks.piggy-webhooks",
    "https://piggy-webhooks.piggy-webhooks.svc",
    "https://piggy-webhooks.piggy-webhooks.svc:443",
    "https://piggy-webhooks.piggy-webhooks.svc.cluster.local",
    "https://piggy-webhooks.piggy-webhooks.svc.cluster.local.",
    "https://piggy-webhooks.piggy-webhooks.svc.corp.example.com:8443",
    "https://PIGGY-webhooks.piggy-webhooks.SVC",
  ])("as %s is verified by its CA and asked at its address", async (address) => {
    const { pod, warnings } = await inject({ [ADDRESS]: address });
    expect(environmentOf(pod)).toMatchObject({
      PIGGY_ADDRESS: address,
      PIGGY_CA: world.authority.pem,
      PIGGY_SERVICE: world.webhook.address,
    });
    expect(warnings).toEqual([]);
  });

  test("is never asked at its address where TLS is not verified, and a warning says what that means", async () => {
    const { pod, warnings } = await inject({ "piggysec.com/piggy-skip-verify-tls": "true" });
    const variables = environmentOf(pod);
    expect(variables).toMatchObject({ PIGGY_SKIP_VERIFY_TLS: "true", PIGGY_CA: world.authority.pem });
    expect(variables).not.toHaveProperty("PIGGY_SERVICE");
    expect(warnings).toEqual([expect.stringContaining("piggysec.com/piggy-skip-verify-tls")]);
  });
});

describe("where no address is given, our own Service is asked by name", () => {
  const HOST = "piggy-webhooks.piggy-webhooks.svc";

  test("at its port", async () => {
    expect(environmentOf((await inject({})).pod)["PIGGY_ADDRESS"]).toBe(ownAddressOf(world));
  });

  test.each(["443", ""])("which goes without saying where it is %j", async (port) => {
    const other = await startWorld({ environment: { PIGGY_WEBHOOKS_SERVICE_PORT: port } });
    const { pod } = await mutate(other, podWith());
    expect(environmentOf(pod)["PIGGY_ADDRESS"]).toBe(`https://${HOST}`);
    await other.stop();
  });
});

describe("another host", () => {
  test.each([
    "https://piggy.example.com",
    "https://piggy-webhooks",
    "https://piggy-webhooks.default.svc",
    "https://piggy-webhooks.piggy-webhooks.example.com",
    "https://piggy-webhooks.piggy-webhooks.svcs",
    "https://xpiggy-webhooks.piggy-webhooks.svc",
  ])("such as %s gets neither the CA nor the address", async (address) => {
    const { allowed, pod } = await inject({ [ADDRESS]: address });
    expect(allowed).toBe(true);
    const variables = environmentOf(pod);
    expect(variables["PIGGY_ADDRESS"]).toBe(address);
    expect(variables).not.toContainAnyKeys(["PIGGY_CA", "PIGGY_SERVICE"]);
  });
});

describe("an address that is none", () => {
  test.each([
    "piggy-webhooks:443",
    "https://piggy-webhooks.piggy-webhooks.svc@example.com",
    "https://:password@example.com",
  ])("such as %s is warned of, and our own Service is asked", async (address) => {
    const { pod, warnings } = await inject({ [ADDRESS]: address });
    expect(environmentOf(pod)["PIGGY_ADDRESS"]).toBe(ownAddressOf(world));
    expect(warnings).toEqual([expect.stringContaining(ADDRESS)]);
  });
});

describe("the token of our own", () => {
  const IMAGE = "piggysec.com/piggy-env-image";
  const has = async (image: string) => {
    const { pod, warnings } = await inject({ [IMAGE]: image });
    const token = environmentOf(pod)["PIGGY_TOKEN_FILE"] !== undefined;
    const names = [...(pod.spec.volumes ?? []), ...(containerOf(pod).volumeMounts ?? [])].map(
      ({ name }) => name,
    );
    expect(names.includes("piggy-token")).toBe(token);
    expect(warnings).toEqual(token ? [] : [expect.stringContaining(IMAGE)]);
    return token;
  };

  test.each([
    "registry.example.com/piggysec/piggy-env:1.0.0",
    "registry.example.com/piggysec/piggy-env:v2.3.4-rc.1",
    "registry.example.com/piggysec/piggy-env:main",
    "registry.example.com/piggysec/piggy-env",
    `registry.example.com/piggysec/piggy-env@sha256:${"a".repeat(64)}`,
  ])("is given to %s", async (image) => {
    expect(await has(image)).toBe(true);
  });

  test.each([
    "registry.example.com/piggysec/piggy-env:0.7.3",
    "registry.example.com/piggysec/piggy-env:v0.99.0",
    "registry.example.com/another/piggy-env:1.0.0",
    "kongz/piggy-env:0.7.3",
    "kongz/piggy-env:latest",
    `docker.io/kongz/piggy-env@sha256:${"a".repeat(64)}`,
  ])("is not given to %s, which would not know it, and a warning says so", async (image) => {
    expect(await has(image)).toBe(false);
  });

  test("is a matter of the repository, not of a registry's port", async () => {
    const environment = { PIGGY_ENV_IMAGE: "registry.example.com:5000/piggysec/piggy-env:1.0.0" };
    const installed = await startWorld({ environment });
    const given = async (image: string) => {
      const { pod } = await mutate(installed, podWith({}, { annotations: { [IMAGE]: image } }));
      return environmentOf(pod)["PIGGY_TOKEN_FILE"] !== undefined;
    };
    expect(await given("registry.example.com:5000/piggysec/piggy-env:1.1.0")).toBe(true);
    expect(await given("registry.example.com:5000/piggysec/piggy-env")).toBe(true);
    expect(await given("registry.example.com:5000/another/piggy-env:1.1.0")).toBe(false);
    await installed.stop();
  });

  test("is nothing to warn of in standalone mode, where nobody has one", async () => {
    const { pod, warnings } = await inject({
      [IMAGE]: "kongz/piggy-env:0.7.3",
      "piggysec.com/standalone": "true",
    });
    expect(warnings).toEqual([]);
    expect(environmentOf(pod)).not.toHaveProperty("PIGGY_TOKEN_FILE");
  });

  test("an injector that may have no user of its own is not held to one", async () => {
    const { pod } = await inject({ [IMAGE]: "kongz/piggy-env:0.7.3" });
    expect(containerOf(pod, "install-piggy-env")).not.toHaveProperty("securityContext.runAsNonRoot");
  });
});
