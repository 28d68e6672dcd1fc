/** What a Pod is given: the volume, the mounts, the install container, the annotation. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PIGGY_ENV_IMAGE, startWorld, type World } from "../support/world.ts";
import {
  containerOf,
  containerWith,
  environmentOf,
  isWrapped,
  mutate,
  podWith,
  sha256,
  signaturesOf,
} from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const inject = (container?: object, options?: Parameters<typeof podWith>[1]) =>
  mutate(world, podWith(container, options));
const installContainer = async (annotations: Record<string, string>, spec: object = {}) =>
  containerOf((await inject({}, { annotations, spec })).pod, "install-piggy-env");

describe("a Pod with a reference", () => {
  test("gets the injector's volume and the token's, after its own", async () => {
    const { pod } = await inject({}, { spec: { volumes: [{ name: "data", emptyDir: {} }] } });
    expect(pod.spec.volumes).toEqual([
      { name: "data", emptyDir: {} },
      { name: "piggy-env", emptyDir: {} },
      {
        name: "piggy-token",
        projected: {
          defaultMode: 0o644,
          sources: [
            { serviceAccountToken: { audience: "piggysec.com", expirationSeconds: 600, path: "token" } },
          ],
        },
      },
    ]);
  });

  test("has both mounted in the changed containers alone", async () => {
    const quiet = containerWith({ name: "quiet", env: [{ name: "A", value: "b" }] });
    const mounts = [{ name: "data", mountPath: "/data" }];
    const { pod } = await inject(
      {},
      { spec: { containers: [quiet, containerWith({ volumeMounts: mounts })], volumes: [{ name: "data" }] } },
    );
    expect(containerOf(pod, "quiet")).toEqual(quiet);
    expect(containerOf(pod, "main").volumeMounts).toEqual([
      ...mounts,
      { name: "piggy-env", mountPath: "/piggy/", readOnly: true },
      { name: "piggy-token", mountPath: "/var/run/secrets/piggysec.com/serviceaccount", readOnly: true },
    ]);
  });

  test("installs the injector before any other init container", async () => {
    const setup = { name: "setup", image: "setup:1", command: ["true"] };
    const { pod } = await inject({}, { spec: { initContainers: [setup] } });
    expect(pod.spec.initContainers).toEqual([
      expect.objectContaining({
        name: "install-piggy-env",
        image: PIGGY_ENV_IMAGE,
        imagePullPolicy: "Always",
        args: ["install", "/piggy"],
        resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
        volumeMounts: [{ name: "piggy-env", mountPath: "/piggy/" }],
      }),
      setup,
    ]);
  });

  test("has init containers with references wrapped too, each with a uid and a signature of its own", async () => {
    const setup = containerWith({ name: "setup", command: ["npm"], args: ["run", "start"] });
    const { pod } = await inject({}, { spec: { initContainers: [setup] } });
    expect(isWrapped(pod, "setup")).toBe(true);
    expect(isWrapped(pod, "main")).toBe(true);
    expect(signaturesOf(pod)).toEqual({
      setup: "59493bec74a05e053a6b51a4c3d263265dc98ee4aaf537c8080d32464a338645",
      main: sha256("/app"),
    });
    const uids = ["setup", "main"].map((name) => environmentOf(pod, name)["PIGGY_UID"]);
    expect(new Set(uids).size).toBe(2);
    for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{32}$/);
  });

  test("is signed afresh each time", async () => {
    const [one, other] = await Promise.all([inject(), inject()]);
    expect(environmentOf(one.pod)["PIGGY_UID"]).not.toBe(environmentOf(other.pod)["PIGGY_UID"]);
  });
});

describe("the install container", () => {
  test("has the image, pull policy and resources of the annotations", async () => {
    const installed = await installContainer({
      "piggysec.com/piggy-env-image": "registry.example.com/piggysec/piggy-env:1.2.3",
      "piggysec.com/piggy-env-image-pull-policy": "IfNotPresent",
      "piggysec.com/piggy-env-resource-cpu-request": "10m",
      "piggysec.com/piggy-env-resource-memory-request": "32Mi",
      "piggysec.com/piggy-env-resource-cpu-limit": "1",
      "piggysec.com/piggy-env-resource-memory-limit": "128Mi",
    });
    expect(installed).toMatchObject({
      image: "registry.example.com/piggysec/piggy-env:1.2.3",
      imagePullPolicy: "IfNotPresent",
      resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "1", memory: "128Mi" } },
    });
  });

  test("meets the restricted Pod Security Standard", async () => {
    expect(await installContainer({})).toHaveProperty("securityContext", {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
  });

  test("has a user of its own only where the Pod's is root", async () => {
    const runAs = (runAsUser: number) => installContainer({}, { securityContext: { runAsUser } });
    expect(await runAs(0)).toHaveProperty("securityContext.runAsUser", 65532);
    expect(await runAs(1_000_650_000)).not.toHaveProperty("securityContext.runAsUser");
  });

  test("allows privilege escalation where the annotation says so", async () => {
    const installed = await installContainer({ "piggysec.com/piggy-psp-allow-privilege-escalation": "true" });
    expect(installed).toHaveProperty("securityContext.allowPrivilegeEscalation", true);
  });
});

describe("a setting that cannot be read", () => {
  test("admits with a warning that names the annotation, and counts as the default", async () => {
    const annotation = "piggysec.com/piggy-env-resource-cpu-limit";
    const { allowed, warnings, pod } = await inject({}, { annotations: { [annotation]: "a lot" } });
    expect(allowed).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(`${annotation}: "a lot"`)]);
    expect(containerOf(pod, "install-piggy-env").resources?.limits).toMatchObject({ cpu: "200m" });
  });
});

describe("without an injector image", () => {
  let unset: World;
  beforeAll(async () => {
    unset = await startWorld({ environment: { PIGGY_ENV_IMAGE: "" } });
  });
  afterAll(() => unset.stop());

  test("a Pod with a reference is denied, and one that names its own is not", async () => {
    const denied = await mutate(unset, podWith());
    expect(denied).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining("PIGGY_ENV_IMAGE") },
    });
    const annotations = { "piggysec.com/piggy-env-image": "mine/piggy-env:2.0.0" };
    const { allowed, pod } = await mutate(unset, podWith({}, { annotations }));
    expect(allowed).toBe(true);
    expect(containerOf(pod, "install-piggy-env").image).toBe("mine/piggy-env:2.0.0");
    expect(environmentOf(pod)).toHaveProperty("PIGGY_TOKEN_FILE");
  });

  test("the Go injector is known by its repository", async () => {
    const annotations = { "piggysec.com/piggy-env-image": "kongz/piggy-env:latest" };
    const { pod } = await mutate(unset, podWith({}, { annotations }));
    expect(environmentOf(pod)).not.toHaveProperty("PIGGY_TOKEN_FILE");
  });
});
