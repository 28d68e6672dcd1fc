/** A Pod that the "restricted" Pod Security Standard lets in is let in as we change it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import profile from "../vectors/restricted-profile.json";
import { containerOf, containerWith, mutate, podWith } from "./mutation.ts";
import { brokenRules } from "./restricted-profile.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const seccompProfile = { type: "RuntimeDefault" };
const closed = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const byPod = { runAsNonRoot: true, seccompProfile };
const byContainer = { ...closed, ...byPod };
const restricted = (securityContext: object = byContainer, spec: object = {}) =>
  podWith({ securityContext }, { spec });

describe("the rules refuse", () => {
  test.each(profile.refused)("$rule", ({ rule, spec, container }) => {
    expect(brokenRules(restricted({ ...byContainer, ...container }, spec))).toContain(rule);
  });
});

const olderInjector = { "piggysec.com/piggy-env-image": "kongz/piggy-env:0.7.3" };
const localhost = { type: "Localhost", localhostProfile: "shop.json" };

describe("within them stays a Pod that says so", () => {
  test.each([
    ["of each container", restricted()],
    ["of all at once", restricted(closed, { securityContext: byPod })],
    ["with a user", restricted(closed, { securityContext: { ...byPod, runAsUser: 1000, fsGroup: 1000 } })],
    [
      "with a seccomp profile of its own",
      restricted(closed, { securityContext: { runAsNonRoot: true, seccompProfile: localhost } }),
    ],
    [
      "with AppArmor and SELinux",
      restricted(
        { ...byContainer, appArmorProfile: { type: "RuntimeDefault" } },
        { securityContext: { seLinuxOptions: { type: "container_t", level: "s0:c1,c2" } } },
      ),
    ],
    [
      "with users of its own",
      restricted(
        { ...byContainer, readOnlyRootFilesystem: true },
        { hostUsers: false, shareProcessNamespace: true },
      ),
    ],
    [
      "with sidecars",
      restricted(byContainer, {
        initContainers: [containerWith({ name: "s", restartPolicy: "Always", securityContext: byContainer })],
      }),
    ],
    [
      "of each container, with an older injector",
      podWith({ securityContext: byContainer }, { annotations: olderInjector }),
    ],
    [
      "of all at once, with an older injector",
      podWith({ securityContext: closed }, { annotations: olderInjector, spec: { securityContext: byPod } }),
    ],
  ])("%s", async (_, manifest) => {
    expect(brokenRules(manifest)).toEqual([]);
    const { patch, json } = await mutate(world, manifest);
    expect(patch).not.toBeEmpty();
    expect(brokenRules(json)).toEqual([]);
  });
});

describe("the install container", () => {
  const contextOf = async (manifest: object) =>
    containerOf((await mutate(world, manifest)).pod, "install-piggy-env");

  test("has the seccomp profile that the Pod has of its own", async () => {
    const pod = restricted(closed, { securityContext: { runAsNonRoot: true, seccompProfile: localhost } });
    expect(await contextOf(pod)).not.toHaveProperty("securityContext.seccompProfile");
  });

  test("has the runtime's where the Pod has none", async () => {
    const unconfined = { securityContext: { seccompProfile: { type: "Unconfined" } } };
    expect(await contextOf(restricted(closed, unconfined))).toHaveProperty(
      "securityContext.seccompProfile",
      seccompProfile,
    );
  });

  test("of an older injector may be root where one of the Pod's containers may", async () => {
    const other = containerWith({ name: "other" });
    const spec = { containers: [containerWith({ securityContext: byContainer }), other] };
    expect(await contextOf(podWith({}, { annotations: olderInjector, spec }))).not.toHaveProperty(
      "securityContext.runAsNonRoot",
    );
  });
});

describe("what a Pod says of namespaces and users is nothing to us:", () => {
  const plain = () => mutate(world, podWith());

  test.each([
    ["hostNetwork", { hostNetwork: true }],
    ["hostPID", { hostPID: true }],
    ["shareProcessNamespace", { shareProcessNamespace: true }],
    ["hostUsers", { hostUsers: false }],
    ["AppArmor", { securityContext: { appArmorProfile: { type: "Unconfined" } } }],
    ["SELinux", { securityContext: { seLinuxOptions: { level: "s0:c1,c2" } } }],
    ["groups", { securityContext: { fsGroup: 2000, supplementalGroups: [3000], runAsGroup: 1 } }],
  ])("%s", async (_, spec) => {
    const { pod, json } = await mutate(world, podWith({}, { spec }));
    expect(json).toMatchObject({ spec });
    expect(pod.spec.initContainers).toEqual((await plain()).pod.spec.initContainers);
  });
});
