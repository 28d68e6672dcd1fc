import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

const USERS = { alice: "wonderland" };
const OWN = process.arch === "x64" ? "amd64" : process.arch;
const OTHER = OWN === "amd64" ? "arm64" : "amd64";

let world: World;

beforeAll(async () => {
  world = await startWorld({ registry: { auth: { kind: "basic", users: USERS } } });
  world.registry.pushImage("team/app", "1", {
    Entrypoint: ["/bin/single"],
    Cmd: ["--default"],
  });
  world.registry.pushImage(
    "team/app",
    "multi",
    {},
    {
      platforms: ["amd64", "arm64"].map((architecture) => ({
        os: "linux",
        architecture,
        config: { Entrypoint: [`/bin/on-${architecture}`] },
      })),
    },
  );
  const attestation = { os: "unknown", architecture: "unknown", config: {} };
  const elsewhere = { os: "linux", architecture: OTHER, config: { Entrypoint: [`/bin/on-${OTHER}`] } };
  world.registry.pushImage("team/app", "elsewhere", {}, { platforms: [elsewhere, attestation] });
  const third = { os: "linux", architecture: "s390x", config: {} };
  world.registry.pushImage("team/app", "two-elsewhere", {}, { platforms: [elsewhere, third] });
  pullSecret("shop", "right", world.registry.host);
  pullSecret("shop", "for-another-host", "registry.example.com");
  pullSecret("operators", "elsewhere", world.registry.host);
  pullSecret("shop", "outdated", world.registry.host, "looking-glass");
  pullSecret("shop", "of-the-team", `${world.registry.host}/team`);
});
afterAll(() => world.stop());

function pullSecret(namespace: string, name: string, registry: string, password = USERS.alice): void {
  const auths = { [registry]: { username: "alice", password } };
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: { namespace, name },
    stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
  });
}

interface PodOptions {
  readonly image?: string;
  readonly spec?: object;
  readonly container?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Creates a Pod whose container names no command. */
function create({ image = "team/app:1", spec, container, annotations }: PodOptions) {
  return world.kubernetes.createPod({
    metadata: {
      namespace: "shop",
      generateName: "app-",
      annotations: { "piggysec.com/aws-secret-name": "shop/app", ...annotations },
    },
    spec: {
      imagePullSecrets: [{ name: "right" }],
      ...spec,
      containers: [
        {
          name: "app",
          image: `${world.registry.host}/${image}`,
          env: [{ name: "PASSWORD", value: "piggy:password" }],
          ...container,
        },
      ],
    },
  });
}

async function argsOf(options: PodOptions) {
  const creation = await create(options);
  if (!creation.allowed) throw new Error(creation.status.message);
  return creation.pod.spec.containers[0]?.args;
}

async function denialOf(options: PodOptions) {
  const creation = await create(options);
  if (creation.allowed) throw new Error("the Pod was admitted");
  return creation.status;
}

describe("a container without a command runs", () => {
  test("the image's ENTRYPOINT and CMD", async () => {
    expect(await argsOf({})).toEqual(["--", "/bin/single", "--default"]);
  });

  test("the image's ENTRYPOINT and its own args", async () => {
    expect(await argsOf({ container: { args: ["--mine"] } })).toEqual(["--", "/bin/single", "--mine"]);
  });

  test("what the image has for this machine's architecture", async () => {
    expect(await argsOf({ image: "team/app:multi" })).toEqual(["--", `/bin/on-${OWN}`]);
  });

  test("what the image has for the architecture of the Pod's nodeSelector", async () => {
    const spec = { nodeSelector: { "kubernetes.io/arch": OTHER } };
    expect(await argsOf({ image: "team/app:multi", spec })).toEqual(["--", `/bin/on-${OTHER}`]);
  });
});

/** A Pod's affinity for nodes of one of these terms' architectures, or for others than those where `operator` says so. */
const affinityFor = (terms: readonly (readonly string[])[], operator = "In") => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((values) => ({
          matchExpressions: [
            { key: "example.com/pool", operator: "Exists" },
            ...(values.length === 0 ? [] : [{ key: "kubernetes.io/arch", operator, values }]),
          ],
        })),
      },
    },
  },
});

describe("the architecture is", () => {
  test.each([[[[OTHER]]], [[[OTHER], [OTHER]]]])(
    "that of the node affinity that the Pod requires: %j",
    async (terms) => {
      const spec = affinityFor(terms);
      expect(await argsOf({ image: "team/app:multi", spec })).toEqual(["--", `/bin/on-${OTHER}`]);
    },
  );

  test.each([
    ["several architectures", affinityFor([[OTHER, OWN]])],
    ["another in each of its terms", affinityFor([[OTHER], [OWN]])],
    ["none in one of its terms", affinityFor([[OTHER], []])],
    ["which it is not", affinityFor([[OTHER]], "NotIn")],
    ["no term", affinityFor([])],
    ["nothing", { affinity: null }],
  ])("this machine's where the affinity names %s", async (_, spec) => {
    expect(await argsOf({ image: "team/app:multi", spec })).toEqual(["--", `/bin/on-${OWN}`]);
  });

  test("that of the nodeSelector where the affinity names another, for both must hold", async () => {
    const spec = { ...affinityFor([[OTHER]]), nodeSelector: { "kubernetes.io/arch": OWN } };
    expect(await argsOf({ image: "team/app:multi", spec })).toEqual(["--", `/bin/on-${OWN}`]);
  });

  test("the only one that the image is for, where the Pod names none", async () => {
    expect(await argsOf({ image: "team/app:elsewhere" })).toEqual(["--", `/bin/on-${OTHER}`]);
  });

  test("not another than the Pod names", async () => {
    const spec = { nodeSelector: { "kubernetes.io/arch": OWN } };
    const { message } = await denialOf({ image: "team/app:elsewhere", spec });
    expect(message).toContain(`no manifest for linux/${OWN}`);
    expect(message).not.toContain("does not say");
  });

  test("not known where the image is for several others, and the Pod is told how to name one", async () => {
    const { message } = await denialOf({ image: "team/app:two-elsewhere" });
    expect(message).toContain(`no manifest for linux/${OWN}, and the Pod does not say by kubernetes.io/arch`);
  });
});

describe("for the second Pod of an image the registry is", () => {
  const requestsOf = async (options: PodOptions) => {
    await create(options);
    const before = world.registry.requests.length;
    expect(await argsOf(options)).toContain("/bin/single");
    return world.registry.requests.length - before;
  };

  test("not asked", async () => {
    expect(await requestsOf({})).toBe(0);
  });

  test("asked where the kubelet asks as well", async () => {
    expect(await requestsOf({ container: { imagePullPolicy: "Always" } })).toBeGreaterThan(0);
  });
});

describe("the registry is shown the credentials", () => {
  test("of the Pod's imagePullSecrets", async () => {
    const spec = { imagePullSecrets: [{ name: "none" }, { name: "for-another-host" }, { name: "right" }] };
    expect(await argsOf({ spec })).toContain("/bin/single");
  });

  test("of the most special entry first, whichever Secret it is in", async () => {
    const spec = { imagePullSecrets: [{ name: "outdated" }, { name: "of-the-team" }] };
    world.registry.pushImage("team/special", "1", { Entrypoint: ["/bin/special"] });
    const before = world.registry.requests.length;
    expect(await argsOf({ image: "team/special:1", spec })).toContain("/bin/special");
    const answers = world.registry.requests.slice(before).map(({ status }) => status);
    // The first request, which has no credentials, is the only one that is refused.
    expect(answers.indexOf(401)).toBe(0);
    expect(answers.lastIndexOf(401)).toBe(0);
    expect(answers.at(-1)).toBe(200);
  });

  test("of its service account's imagePullSecrets", async () => {
    world.kubernetes.add({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { namespace: "shop", name: "puller" },
      imagePullSecrets: [{ name: "right" }],
    });
    const spec = { imagePullSecrets: [], serviceAccountName: "puller" };
    expect(await argsOf({ spec })).toContain("/bin/single");
  });

  test("of the annotation image-pull-secret", async () => {
    const annotations = { "piggysec.com/image-pull-secret": "right" };
    expect(await argsOf({ spec: { imagePullSecrets: [] }, annotations })).toContain("/bin/single");
  });

  test("of the annotation's namespace", async () => {
    const annotations = {
      "piggysec.com/image-pull-secret": "elsewhere",
      "piggysec.com/image-pull-secret-namespace": "operators",
    };
    expect(await argsOf({ spec: { imagePullSecrets: [] }, annotations })).toContain("/bin/single");
  });
});

describe("a Pod is denied, with the image, the container and what to do", () => {
  test("when no credentials match", async () => {
    const { code, message } = await denialOf({ spec: { imagePullSecrets: [{ name: "for-another-host" }] } });
    expect(code).toBe(403);
    expect(message).toContain(`image ${world.registry.host}/team/app:1`);
    expect(message).toContain("no stored credentials match");
    expect(message).toContain("Set command on the container");
  });

  test("when the registry does not have the image", async () => {
    const { code, message } = await denialOf({ image: "team/none:1" });
    expect(code).toBe(403);
    expect(message).toContain("does not have it");
  });

  test("when the registry cannot answer now, which is worth another try", async () => {
    world.registry.failNext({ status: 503, times: 1 });
    const { code, reason } = await denialOf({ container: { imagePullPolicy: "Always" } });
    expect([code, reason]).toEqual([503, "ServiceUnavailable"]);
  });

  test.each(["localhost:1/app", "127.0.0.1:1/app", "[::1]:1/app", "169.254.169.254/app"])(
    "when its image is on a host inside: %s",
    async (image) => {
      const { code, message } = await denialOf({ container: { image } });
      expect(code).toBe(403);
      expect(message).toContain("PIGGY_REGISTRY_ORIGINS");
    },
  );

  test("when its image's name is none", async () => {
    const { code, message } = await denialOf({ container: { image: "Team/App:1:2" } });
    expect([code, message]).toEqual([403, expect.stringContaining('image "Team/App:1:2"')]);
  });
});
