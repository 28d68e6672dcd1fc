/** How the injector gets into a Pod: copied by an init container, or as a volume that is its image. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Pod } from "../fakes/kubernetes/pod.ts";
import type { KubernetesFake } from "../fakes/kubernetes.ts";
import { PIGGY_ENV_IMAGE, startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import { containerWith, mutate, podWith } from "./mutation.ts";
import { brokenRules } from "./restricted-profile.ts";

setDefaultTimeout(60_000);

let world: World;
afterEach(() => world.stop());

const DELIVERY = "piggysec.com/piggy-delivery";
const IMAGE_VOLUME = { name: "piggy-env", image: { reference: PIGGY_ENV_IMAGE, pullPolicy: "Always" } };
const ABLE = { kubelet: "v1.35.2", runtime: "containerd://2.1.5" };

interface Node {
  readonly kubelet?: string;
  readonly runtime?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function addNode(kubernetes: KubernetesFake, name: string, { kubelet, runtime, labels }: Node): void {
  const nodeInfo = {
    kubeletVersion: kubelet ?? ABLE.kubelet,
    containerRuntimeVersion: runtime ?? ABLE.runtime,
  };
  kubernetes.add({ kind: "Node", metadata: { name, labels: { ...labels } }, status: { nodeInfo } });
}

interface ClusterOptions {
  readonly minor?: string;
  readonly nodes?: Readonly<Record<string, Node>>;
  readonly settle?: string;
  readonly mayList?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts the webhook in such a cluster and waits until it has looked at it. */
async function startIn({
  minor = "35",
  nodes = { a: {} },
  settle = "0s",
  mayList = true,
  environment,
}: ClusterOptions) {
  world = await startWorld({
    environment: { PIGGY_DELIVERY_SETTLE: settle, ...environment },
    grants: mayList ? [{ resource: "nodes", verb: "list" }] : [],
    prepare(kubernetes) {
      kubernetes.version = { major: "1", minor };
      for (const [name, node] of Object.entries(nodes)) addNode(kubernetes, name, node);
    },
  });
  await nextVerdict(0);
}

/** What the webhook finds next, from that line of its log on. */
function nextVerdict(from = world.webhook.log.length) {
  return world.webhook.logged(({ message }) => message === "image volumes", from);
}

const deliveryIn = ({ spec }: Pod): string => {
  const [volume] = (spec.volumes ?? []).filter(({ name }) => name === "piggy-env");
  const isInstalled = spec.initContainers?.some(({ name }) => name === "install-piggy-env") ?? false;
  return `${Object.keys(volume ?? {}).filter((key) => key !== "name")}${isInstalled ? ", installed" : ""}`;
};
const INIT = "emptyDir, installed";

const deliveredTo = async (annotations: Record<string, string> = {}, spec: object = {}) =>
  deliveryIn((await mutate(world, podWith({}, { annotations, spec }))).pod);

describe("auto, where every node mounts images,", () => {
  test("is a volume of the injector's image, and no init container", async () => {
    await startIn({
      nodes: { a: {}, b: {}, w: { kubelet: "v1.30.0", labels: { "kubernetes.io/os": "windows" } } },
    });
    const { pod, warnings } = await mutate(world, podWith());
    expect(warnings).toEqual([]);
    expect(pod.spec).not.toHaveProperty("initContainers");
    expect(pod.spec.volumes?.[0]).toEqual(IMAGE_VOLUME);
    expect(pod.spec.containers[0]?.volumeMounts?.[0]).toEqual({
      name: "piggy-env",
      mountPath: "/piggy/",
      readOnly: true,
    });
    expect(pod.spec.containers[0]?.command).toEqual(["/piggy/piggy-env"]);
  });

  test("has the pull policy and the other init containers of the Pod", async () => {
    await startIn({});
    const setup = { name: "setup", image: "setup:1", command: ["true"] };
    const annotations = { "piggysec.com/piggy-env-image-pull-policy": "IfNotPresent" };
    const { pod } = await mutate(world, podWith({}, { annotations, spec: { initContainers: [setup] } }));
    expect(pod.spec.volumes?.[0]?.image).toEqual({ reference: PIGGY_ENV_IMAGE, pullPolicy: "IfNotPresent" });
    expect(pod.spec.initContainers).toEqual([setup]);
  });

  test.each([
    ["a RuntimeClass", {}, { runtimeClassName: "kata" }],
    ["Fargate's scheduler", {}, { schedulerName: "fargate-scheduler" }],
    ["an older injector", { "piggysec.com/piggy-env-image": "kongz/piggy-env:0.7.3" }, {}],
    ["the annotation init", { [DELIVERY]: "init" }, {}],
  ])("is the init container for a Pod with %s", async (_, annotations, spec) => {
    await startIn({});
    expect(await deliveredTo()).toBe("image");
    expect(await deliveredTo(annotations, spec)).toBe(INIT);
  });

  test("is the init container until they have for ten minutes", async () => {
    await startIn({ settle: "" });
    expect((await nextVerdict(0))["verdict"]).toBe("able");
    expect(await deliveredTo()).toBe(INIT);
  });

  test("stays within the restricted profile", async () => {
    await startIn({});
    const securityContext = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    };
    const { json, pod } = await mutate(world, podWith({ securityContext }));
    expect(deliveryIn(pod)).toBe("image");
    expect(brokenRules(json)).toEqual([]);
  });
});

describe("auto is the init container", () => {
  test.each<[string, ClusterOptions]>([
    ["where the API server is older", { minor: "34+" }],
    ["where a kubelet is older", { nodes: { a: {}, b: { kubelet: "v1.34.9" } } }],
    ["where containerd is older", { nodes: { a: {}, b: { runtime: "containerd://2.0.7" } } }],
    ["where a node runs CRI-O", { nodes: { a: {}, b: { runtime: "cri-o://1.35.0" } } }],
    ["where a node runs Docker", { nodes: { a: {}, b: { runtime: "docker://28.0.0" } } }],
    [
      "where a node is of Fargate",
      { nodes: { a: {}, f: { labels: { "eks.amazonaws.com/compute-type": "fargate" } } } },
    ],
    ["where there is no node", { nodes: {} }],
    ["where nodes may not be listed", { mayList: false }],
    ["where the operator says init", { environment: { PIGGY_DELIVERY: "init" } }],
  ])("%s", async (_, options) => {
    await startIn(options);
    expect(await deliveredTo()).toBe(INIT);
  });
});

describe("nodes that come and go", () => {
  test("make auto the init container at once, and the volume again when they are gone", async () => {
    await startIn({});
    expect(await deliveredTo()).toBe("image");
    let verdict = nextVerdict();
    addNode(world.kubernetes, "old", { kubelet: "v1.34.1" });
    expect(await verdict).toMatchObject({ verdict: "unable", reason: expect.stringContaining("node old") });
    expect(await deliveredTo()).toBe(INIT);
    verdict = nextVerdict();
    world.kubernetes.remove("Node", undefined, "old");
    expect(await verdict).toHaveProperty("verdict", "able");
    expect(await deliveredTo()).toBe("image");
  });

  test("of which nothing is heard for a moment change nothing", async () => {
    await startIn({});
    const complaint = world.webhook.logged(
      ({ message }) => message === "cannot see whether nodes mount images",
    );
    world.kubernetes.failNext({ path: /nodes/, status: 503, times: 1 });
    expect(await complaint).toHaveProperty("level", "warn");
    expect(await deliveredTo()).toBe("image");
  });

  test("are looked for no more when the webhook drains", async () => {
    await startIn({});
    const draining = world.webhook.logged(({ message }) => message === "draining");
    world.webhook.signal("SIGTERM");
    await draining;
    const before = world.kubernetes.looks.length;
    await world.webhook.exited;
    // It served on for five seconds, and looked every second until then.
    expect(world.kubernetes.looks.length - before).toBeLessThanOrEqual(1);
  });
});

describe("image, forced,", () => {
  const forced = (options: Parameters<typeof podWith>[1] = {}) =>
    mutate(world, podWith({}, { ...options, annotations: { [DELIVERY]: "image", ...options.annotations } }));

  test.each<[string, ClusterOptions, string]>([
    ["the API server", { minor: "34" }, "the API server is 1.34"],
    ["a kubelet", { nodes: { a: {}, b: { kubelet: "v1.34.9" } } }, "node b runs kubelet v1.34.9"],
    ["containerd", { nodes: { b: { runtime: "containerd://1.7.28" } } }, "node b runs containerd://1.7.28"],
    [
      "a kubelet behind a node that may",
      { nodes: { a: { runtime: "cri-o://1.35.0" }, b: { kubelet: "v1.34.9" } } },
      "node b",
    ],
  ])("is denied where %s is too old, with the reason", async (_, options, reason) => {
    await startIn(options);
    const { allowed, status } = await forced();
    expect(allowed).toBe(false);
    expect(status.message).toContain(reason);
    expect(status.message).toContain("PIGGY_DELIVERY");
    const logged = await world.webhook.logged(({ message }) => message === "denied");
    expect(logged).toMatchObject({ code: "delivery_impossible" });
  });

  test.each<[string, ClusterOptions, string]>([
    ["nodes may not be listed", { mayList: false }, "may not list nodes"],
    ["a node runs CRI-O", { nodes: { b: { runtime: "cri-o://1.35.0" } } }, "cri-o://1.35.0"],
  ])("is done with a warning where %s", async (_, options, reason) => {
    await startIn(options);
    const { pod, warnings } = await forced();
    expect(deliveryIn(pod)).toBe("image");
    expect(warnings).toEqual([expect.stringContaining(reason)]);
  });

  test("is done without waiting, whatever the Pod's runtime", async () => {
    await startIn({ settle: "1h" });
    const { pod, warnings } = await forced({ spec: { runtimeClassName: "kata" } });
    expect(deliveryIn(pod)).toBe("image");
    expect(warnings).toEqual([]);
  });

  test("is done for an older injector, with a warning", async () => {
    await startIn({});
    const older = { "piggysec.com/piggy-env-image": "kongz/piggy-env:0.7.3" };
    const { pod, warnings } = await forced({ annotations: older });
    expect(pod.spec.volumes?.[0]?.image).toHaveProperty("reference", "kongz/piggy-env:0.7.3");
    expect(warnings).toContainEqual(expect.stringContaining("has to hold piggy-env at its root"));
  });

  test("by the operator is every Pod's that says nothing else", async () => {
    await startIn({ mayList: false, environment: { PIGGY_DELIVERY: "image" } });
    expect(await deliveredTo()).toBe("image");
    expect(await deliveredTo({ [DELIVERY]: "auto" })).toBe(INIT);
  });

  test("concerns no Pod without references", async () => {
    await startIn({ minor: "34" });
    const quiet = podWith({ env: [] }, { annotations: { [DELIVERY]: "image" } });
    expect(await mutate(world, quiet)).toMatchObject({ allowed: true, patch: [] });
  });
});

describe("a Pod that comes again", () => {
  const setup = containerWith({ name: "setup" });
  const manifest = (delivery: string) =>
    podWith(
      {},
      { annotations: { [DELIVERY]: delivery }, spec: { initContainers: [setup], volumes: [{ name: "v" }] } },
    );
  const alone = (delivery: string) => podWith({}, { annotations: { [DELIVERY]: delivery } });
  const admit = async (pod: object) => (await mutate(world, pod)).pod;
  const turned = (pod: Pod, delivery: string) =>
    edited(pod, ({ metadata }) => {
      metadata.annotations[DELIVERY] = delivery;
    });

  /** They are drawn anew for each Pod. */
  const withoutUids = (pod: Pod) => JSON.parse(JSON.stringify(pod).replaceAll(/\b[0-9a-f]{32}\b/g, "uid"));

  test.each([
    ["init", manifest],
    ["image", manifest],
    ["init", alone],
    ["image", alone],
  ])("by %s is not changed", async (delivery, make) => {
    await startIn({});
    const first = await admit(make(delivery));
    expect((await mutate(world, first)).patch).toEqual([]);
    const created = await world.kubernetes.createPod(make(delivery));
    if (!created.allowed) throw new Error(created.status.message);
    expect((await mutate(world, created.pod)).patch).toEqual([]);
  });

  test.each([
    ["init", "image", manifest],
    ["image", "init", manifest],
    ["init", "image", alone],
    ["image", "init", alone],
  ])("by %s is brought to %s as if for the first time", async (before, now, make) => {
    await startIn({});
    const again = await admit(turned(await admit(make(before)), now));
    expect(withoutUids(again)).toEqual(withoutUids(await admit(make(now))));
    expect((await mutate(world, again)).patch).toEqual([]);
  });

  test.each(["init", "image"])(
    "by %s keeps a pull policy that the API server made Always, and no other",
    async (delivery) => {
      await startIn({});
      const annotations = {
        [DELIVERY]: delivery,
        "piggysec.com/piggy-env-image-pull-policy": "IfNotPresent",
      };
      const first = await admit(podWith({}, { annotations }));
      const withPolicy = (policy: string) =>
        edited(first, ({ spec }) => {
          if (delivery === "init") {
            spec.initContainers = spec.initContainers.map((each) => ({ ...each, imagePullPolicy: policy }));
          }
          spec.volumes = spec.volumes.map((volume) =>
            "image" in volume
              ? { ...volume, image: { reference: PIGGY_ENV_IMAGE, pullPolicy: policy } }
              : volume,
          );
        });
      expect((await mutate(world, withPolicy("Always"))).patch).toEqual([]);
      expect(await admit(withPolicy("Never"))).toEqual(first);
    },
  );

  test("with another image in its volume gets the present one", async () => {
    await startIn({});
    const stale = edited(await admit(alone("image")), ({ spec }) => {
      spec.volumes = [{ name: "piggy-env", image: { reference: "piggy-env:old", pullPolicy: "Never" } }];
    });
    expect((await admit(stale)).spec.volumes?.[0]).toEqual(IMAGE_VOLUME);
  });
});
