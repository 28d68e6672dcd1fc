/** From a release of the older chart to ours, by `helm upgrade`, on a real node. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isWrapped } from "../admission/mutation.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { readPage } from "../docs/pages.ts";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { REGION } from "../support/world.ts";
import { applyTemplate, runKubectl } from "./apply-template.ts";
import { CHART } from "./helm.ts";
import { type ChartInstallation, OWN_NAMESPACE, prepareChart, RELEASE, runHelm } from "./installation.ts";
import { caBundle, ownSecret, servedSince, serviceAddress } from "./kept-certificate.ts";
import { killProcess } from "./kill-process.ts";
import { OLDER_CHART, OLDER_TAG, type OlderImages, olderValues, pushOlderImages } from "./older-release.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, restartsOf, runToEnd, says, stored } from "./pods.ts";
import { LINGER, pushCompiled } from "./program-image.ts";
import { startStream } from "./stream.ts";

const NAMESPACE = "shop";
const SECRET = "shop/sample";
const BEFORE = "from the older release";
const VALUE = "from AWS";
const HOST = `${RELEASE}.${OWN_NAMESPACE}.svc.cluster.local`;

let node: OneNode;
let installation: ChartInstallation;
let older: OlderImages;
let app: string;
let lingering: string;
beforeAll(async () => {
  node = await startOneNode();
  // The older release meets no standard.
  installation = await prepareChart(node, { standard: {} });
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  older = await pushOlderImages(node);
  app = await pushCompiled(node, "app", new URL("../../demo/app/app.c", import.meta.url));
  lingering = await pushCompiled(node, "linger", LINGER);
  await addLiveNamespace(node.cluster, NAMESPACE);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
  await runHelm(node, installation, "install", [OLDER_CHART], valuesOfTheOlder());
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

/** What an operator has said of both releases. */
const OPERATORS = { mutate: { podsFailurePolicy: "Fail", excludeNamespaces: ["monitoring"] } };

function valuesOfTheOlder(): object {
  const { image, mutate, env } = olderValues(older, { TEST_ENV: BEFORE });
  const imagePullSecrets = [{ name: "registry" }];
  return { imagePullSecrets, image, mutate: { ...OPERATORS.mutate, ...mutate }, env };
}

const valuesOfOurs = () => ({
  ...installation.values,
  mutate: { ...OPERATORS.mutate, ...installation.values.mutate },
});

/** As the older release's documentation has Pods. There is no DNS in this cluster. */
async function podOf(name: string, image: string, more: Readonly<Record<string, string>> = {}) {
  const annotations = {
    "piggysec.com/piggy-address": `https://${HOST}`,
    "piggysec.com/aws-secret-name": SECRET,
    "piggysec.com/aws-region": REGION,
    ...more,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE, annotations },
    spec: {
      restartPolicy: image === lingering ? "Always" : "Never",
      imagePullSecrets: [{ name: "registry" }],
      hostAliases: [{ ip: await serviceAddress(node.cluster), hostnames: [HOST] }],
      containers: [
        {
          name: "main",
          image,
          command: ["/program"],
          args: ["stay here", name],
          env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }],
        },
      ],
    },
  };
}

/** Not stored. */
async function admit(): Promise<Pod> {
  const pod = await podOf("of-many", app);
  const { status, body } = await node.cluster.admin.call("POST", `${podsOf(NAMESPACE)}?dryRun=All`, pod);
  if (status !== 201) throw new Error(`${status} ${String(body["message"])}`);
  const admitted = parsePod(body, "Pod");
  if (!isWrapped(admitted)) throw new Error("admitted as it came");
  return admitted;
}

/** By which release it was wrapped. */
function wrapperOf({ spec }: Pod): "older" | "ours" {
  const volume = spec.volumes?.find(({ name }) => name === "piggy-env");
  return volume?.emptyDir?.["medium"] === "Memory" ? "older" : "ours";
}

describe("helm upgrade from the older chart", () => {
  const LEFT = ["left-by-the-older", "left-for-later"];
  let olderCa: string;

  beforeAll(async () => {
    olderCa = await caBundle(node.cluster);
    await eventually("Pods are admitted", () =>
      admit()
        .then(() => true)
        .catch(() => false),
    );
    for (const name of LEFT) {
      await add(node.cluster, podsOf(NAMESPACE), await podOf(name, lingering));
      await says(node.cluster, NAMESPACE, name, BEFORE);
    }
  });

  test("its webhook has wrapped Pods as it does", async () => {
    const pod = parsePod(await stored(node.cluster, NAMESPACE, LEFT[0] ?? ""), "Pod");
    expect(pod).toMatchObject({
      metadata: { annotations: { "piggysec.com/piggy-uid": expect.any(String) } },
      spec: {
        initContainers: [{ name: "install-piggy-env", args: ["install", "/piggy"] }],
        containers: [{ command: ["/piggy/piggy-env"], args: ["--", "/program", "stay here", LEFT[0]] }],
        volumes: expect.arrayContaining([{ name: "piggy-env", emptyDir: { medium: "Memory" } }]),
      },
    });
  });

  test("keeps Pods admitted all the while, by one release or the other", async () => {
    const by = new Set<string>();
    const stream = startStream(async () => void by.add(wrapperOf(await admit())), 20);
    const address = await serviceAddress(node.cluster);
    const connections = startStream(
      async () => void (await servedSince(address, await caBundle(node.cluster))),
      20,
    );
    await eventually("Pods are admitted", async () => by.has("older"));
    await runHelm(node, installation, "upgrade", [CHART], valuesOfOurs());
    await eventually("Pods are admitted by ours", async () => by.has("ours"));
    expect(await connections.stop()).toEqual([]);
    expect(await stream.stop()).toEqual([]);
    expect([...by]).toEqual(["older", "ours"]);
    expect(stream.count()).toBeGreaterThan(20);
  });

  test("keeps the older CA beside the new one, whose Secret does not go with the older one's", async () => {
    const secret = await ownSecret(node.cluster);
    expect(await caBundle(node.cluster)).toBe(`${secret?.["ca.crt"]}${olderCa}`);
    const olders = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${RELEASE}-webhook-tls`;
    expect((await node.cluster.admin.call("GET", olders)).status).toBe(404);
  });

  test.each(LEFT)("a Pod that the older release has left starts its container again: %s", async (name) => {
    expect(await restartsOf(node.cluster, NAMESPACE, name)).toBe(0);
    await killProcess(["/program", "stay here", name]);
    await eventually(
      "the container was started again",
      async () => (await restartsOf(node.cluster, NAMESPACE, name)) > 0,
    );
    await says(node.cluster, NAMESPACE, name, VALUE);
  });
});

describe("an injector of the older release goes on working behind ours", () => {
  const startsWith = async (name: string, injector: string, more: Readonly<Record<string, string>> = {}) => {
    const log = await runToEnd(node.cluster, NAMESPACE, await podOf(name, app, more));
    expect(log).toContain(`\nTEST_ENV=${VALUE}\n`);
    const { initContainers = [], volumes = [] } = parsePod(
      await stored(node.cluster, NAMESPACE, name),
      "Pod",
    ).spec;
    expect(initContainers).toMatchObject([{ image: injector }]);
    expect(volumes.map((volume) => volume.name)).not.toContain("piggy-token");
  };
  const upgrade = async (injector: string, values: object) => {
    // Its image need not hold what the DaemonSet runs.
    const all = { ...installation.values, prePull: { enabled: false }, ...values };
    await runHelm(node, installation, "upgrade", [CHART], all);
    // A replica of the release before answers what it is still asked.
    await eventually("Pods are admitted with it", async () =>
      ((await admit()).spec.initContainers ?? []).some(({ image }) => image === injector),
    );
  };

  test("where a Pod names it", async () => {
    const injector = `${older.injector}:${OLDER_TAG}`;
    await startsWith("by-annotation", injector, { "piggysec.com/piggy-env-image": injector });
  });

  test("where mutate.image pins it, in a repository of the operator's", async () => {
    const injector = `${older.mirrored}:${OLDER_TAG}`;
    const image = { repository: older.mirrored, tag: OLDER_TAG };
    await upgrade(injector, { mutate: { ...OPERATORS.mutate, image } });
    await startsWith("by-value", injector);
  });

  test("where PIGGY_ENV_IMAGE pins it in env", async () => {
    const injector = `${older.injector}:${OLDER_TAG}`;
    await upgrade(injector, { env: { ...installation.values.env, PIGGY_ENV_IMAGE: injector } });
    await startsWith("by-variable", injector);
  });
});

describe("an apply of helm template over one of the older chart's", () => {
  const by = new Set<string>();
  const admitAndNote = async () => void by.add(wrapperOf(await admit()));
  const isBy = (wrapper: "older" | "ours") =>
    eventually(`Pods are admitted by ${wrapper}`, async () => {
      await admitAndNote().catch(() => {});
      return by.has(wrapper);
    });

  beforeAll(async () => {
    const place = ["--namespace", OWN_NAMESPACE];
    await installation.helm.run("uninstall", RELEASE, ...place, "--wait");
    await applyTemplate(node.cluster, installation.helm, OLDER_CHART, valuesOfTheOlder());
    await isBy("older");
  });

  test("keeps Pods admitted all the while, where its CA is no longer what was applied", async () => {
    const olderCa = await caBundle(node.cluster);
    // As the page has it.
    const [, patch = ""] = /^ +-p '(.+)'$/m.exec(readPage("docs/migrating.md")) ?? [];
    const command = ["patch", "mutatingwebhookconfiguration", RELEASE, "--type=merge", `--patch=${patch}`];
    await runKubectl(node.cluster, ...command);
    const stream = startStream(admitAndNote, 20);
    await applyTemplate(node.cluster, installation.helm, CHART, valuesOfOurs());
    const rollout = ["rollout", "status", `deployment/${RELEASE}`, "--namespace", OWN_NAMESPACE];
    await runKubectl(node.cluster, ...rollout, "--timeout=3m");
    await isBy("ours");
    expect(await stream.stop()).toEqual([]);
    expect(await caBundle(node.cluster)).toBe(`${(await ownSecret(node.cluster))?.["ca.crt"]}${olderCa}`);
  });
});
