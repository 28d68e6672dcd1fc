/** `piggy-webhooks check` as a process of its own, beside the one that it is about. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { ownAddressOf } from "../admission/mutation.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import type { Webhook } from "../fakes/kubernetes.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

const SERVER = fileURLToPath(new URL("../../server.ts", import.meta.url));
const IMAGE = ["--image", "registry.example.com/piggy-webhooks:1"];

let world: World;
let webhook: Webhook | undefined;
beforeAll(async () => {
  world = await startWorld();
  webhook = world.kubernetes.webhook;
  world.kubernetes.add({ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: "default", name: "default" },
  });
  const create = { resource: "pods", verb: "create" };
  for (const namespace of ["default", "shop"])
    world.kubernetes.grant("piggy-webhooks:piggy-webhooks", { ...create, namespace });
});
afterAll(() => world.stop());

/** What a Pod of the chart has: where the API server is, and who it is there. */
function check(args: readonly string[] = IMAGE): Promise<Ended> {
  const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, PIGGY_SERVICE_ACCOUNT_DIR } = world.environment;
  return runPlainly([process.execPath, SERVER, "check", ...args], {
    KUBERNETES_SERVICE_HOST,
    KUBERNETES_SERVICE_PORT,
    PIGGY_SERVICE_ACCOUNT_DIR,
  });
}

/** While the API server has this of the webhook. */
async function checkWith(configured: Webhook | undefined): Promise<Ended> {
  world.kubernetes.webhook = configured;
  try {
    return await check();
  } finally {
    world.kubernetes.webhook = webhook;
  }
}

test("says what it saw of a webhook that works, and leaves no Pod", async () => {
  const { exitCode, stdout, stderr } = await check();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout.trim().split("\n")).toEqual([
    "ok: a Pod of default that asks for secrets gets its injector by an init container",
    `ok: ${ownAddressOf(world)} answers where such a Pod asks, and proves who it is`,
  ]);
  const created = world.kubernetes.requests.filter(({ path }) => path.includes("/pods?dryRun=All"));
  expect(created.length).toBeGreaterThan(0);
});

describe("fails, and says why,", () => {
  const url = () => webhook?.url ?? "";

  test("where the API server does not send the Pod", async () => {
    const { exitCode, stderr } = await checkWith(undefined);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("injection_impossible: a Pod that asks for secrets is created as it is");
  });

  test("where caBundle is another's", async () => {
    const { pem } = await createCertificateAuthority("another");
    const { exitCode, stderr } = await checkWith({ url: url(), caPem: pem });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("failed calling webhook");
  });

  test("where it may not create the Pod", async () => {
    const { exitCode, stderr } = await check([...IMAGE, "--namespace", "till"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('cannot create resource "pods" in API group "" in the namespace "till"');
  });
});

describe("where Pods are told to ask", () => {
  /** One of another piggy-webhooks, which admits, and tells Pods of the given address. */
  async function checkWhereTold(environment: Readonly<Record<string, string>>): Promise<Ended> {
    const other = await startWorld({ environment });
    try {
      return await checkWith(other.kubernetes.webhook);
    } finally {
      await other.stop();
    }
  }

  test("nobody is asked in standalone mode", async () => {
    const { exitCode, stdout } = await checkWhereTold({ STANDALONE: "true" });
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: "ok: a Pod of default that asks for secrets gets its injector by an init container\n",
    });
  });

  test("another than the certificate is for is not taken", async () => {
    const { exitCode, stderr } = await checkWhereTold({ PIGGY_ADDRESS: url("localhost") });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("webhook_untrusted: piggy-webhooks at https://localhost:");
  });

  test("nobody there is said", async () => {
    const { exitCode, stderr } = await checkWhereTold({ PIGGY_ADDRESS: "https://127.0.0.1:1" });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("webhook_unreachable: piggy-webhooks at https://127.0.0.1:1");
  });

  const url = (host: string) => world.url.replace("127.0.0.1", host);
});

test.each([
  ["no image", []],
  ["a label that is none", [...IMAGE, "--label", "team"]],
  ["an option that there is not", [...IMAGE, "--wait"]],
])("a command line with %s is refused", async (_, args) => {
  const { exitCode, stderr } = await check(args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("usage: piggy-webhooks check");
});
