/** A release as operators get it: by HTTP and from a registry, by the digests that were pushed, tested by Helm. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { IMAGES } from "../../scripts/images/images.ts";
import { podsOf } from "../apiserver/objects.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { type ChartInstallation, installChart, OWN_NAMESPACE, RELEASE } from "./installation.ts";
import { CONFIGURATION } from "./kept-certificate.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { makeReleased, type Released } from "./released.ts";

const REPOSITORY = "piggysec";

let node: OneNode;
let released: Released;
let server: Bun.Server<undefined>;
let installation: ChartInstallation;
beforeAll(async () => {
  node = await startOneNode();
  released = await makeReleased(node);
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => new Response(Bun.file(join(released.charts, new URL(request.url).pathname))),
  });
  installation = await installChart(node, {
    async ship(_, helm) {
      await helm.run("repo", "add", REPOSITORY, server.url.href);
      return { chart: [`${REPOSITORY}/piggy-webhooks`, "--version", version], values: {} };
    },
  });
});
afterAll(async () => {
  await installation?.stop();
  await server?.stop();
  await node?.stop();
});

/** From the registry, as whoever may pull. */
async function manifest(repository: string, reference: string): Promise<Response> {
  const types = ["application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"];
  return get(`${repository}/manifests/${reference}`, types.join(", "));
}

async function get(path: string, accept = "*/*"): Promise<Response> {
  const { auths } = JSON.parse(node.dockerConfig);
  const response = await fetch(`${node.registry.url}/v2/piggysec/${path}`, {
    headers: { accept, authorization: `Basic ${auths[node.registry.host].auth}` },
    tls: { ca: node.registry.authority.pem },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

const digestOf = (response: Response) => response.headers.get("docker-content-digest");
const descriptors = list(object({ digest: string }, { artifactType: string }));
const parseIndex = object({ manifests: descriptors }, {});
const parseManifest = object({ layers: descriptors }, {});

describe("in the registry", () => {
  test.each(IMAGES)("%s is what was built, by its digest and by its version", async (name) => {
    expect(digestOf(await manifest(name, version))).toBe(released.digests[name]);
    const { manifests } = parseIndex(await (await manifest(name, released.digests[name])).json(), "index");
    expect(manifests).toHaveLength(2);
    expect(manifests.map(({ digest }) => digest)).toContain(released.platformDigests[name]);
  });

  test.each(IMAGES)("%s has its bill of materials attached", async (name) => {
    // Source: OCI distribution specification, "Referrers Tag Schema".
    const tag = released.platformDigests[name].replace(":", "-");
    const { manifests } = parseIndex(await (await manifest(name, tag)).json(), "referrers");
    expect(manifests).toMatchObject([{ artifactType: "application/vnd.cyclonedx+json" }]);
    const attached = await manifest(name, manifests[0]?.digest ?? "");
    const [layer] = parseManifest(await attached.json(), "manifest").layers;
    const content = await (await get(`${name}/blobs/${layer?.digest}`)).text();
    expect(content).toBe(await Bun.file(released.billOfMaterials(name)).text());
  });

  test("the chart is what was packaged, by its digest and by its version", async () => {
    expect(digestOf(await manifest("charts/piggy-webhooks", version))).toBe(released.chartDigest);
  });
});

describe("the chart that Helm pulls is what was packaged", () => {
  async function pull(...command: readonly string[]): Promise<Uint8Array> {
    const folder = await mkdtemp(join(node.directory, "pulled-"));
    await installation.helm.run("pull", ...command, "--version", version, "--destination", folder);
    return Bun.file(join(folder, `piggy-webhooks-${version}.tgz`)).bytes();
  }
  const packaged = () => Bun.file(released.package).bytes();

  test("from a folder served over HTTP", async () => {
    const pulled = await pull(`${REPOSITORY}/piggy-webhooks`);
    expect(pulled).toEqual(await packaged());
    const sha256 = new Bun.CryptoHasher("sha256").update(pulled).digest("hex");
    expect(released.packageDigest).toBe(`sha256:${sha256}`);
  });

  test("from the registry", async () => {
    const options = ["--ca-file", node.registry.caFile, "--registry-config", node.authFile];
    const chart = `oci://${released.registry}/charts/piggy-webhooks`;
    expect(await pull(chart, ...options)).toEqual(await packaged());
  });
});

test("the chart's images are those that were pushed, also where values empty their sections", async () => {
  const values = await installation.helm.values({ image: null, mutate: null });
  const manifests = await installation.helm.run("template", RELEASE, released.package, "--values", values);
  for (const name of IMAGES) {
    expect(manifests).toContain(`${released.registry}/${name}:${version}@${released.digests[name]}`);
  }
});

describe("installed is what was pushed", () => {
  const parsePods = object(
    {
      items: list(
        object({ status: object({ containerStatuses: list(object({ imageID: string }, {})) }, {}) }, {}),
      ),
    },
    {},
  );

  test("of piggy-webhooks, on the node", async () => {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${RELEASE}`);
    const { body } = await node.cluster.admin.call(
      "GET",
      `${podsOf(OWN_NAMESPACE)}?labelSelector=${selector}`,
    );
    const running = parsePods(body, "PodList").items.flatMap(({ status }) => status.containerStatuses);
    const imageID = `${released.registry}/piggy-webhooks@${released.digests["piggy-webhooks"]}`;
    expect(running).toMatchObject([{ imageID }, { imageID }]);
  });

  test("of piggy-env, in what Pods are given", async () => {
    const manifests = await installation.helm.run("get", "manifest", RELEASE, "--namespace", OWN_NAMESPACE);
    const reference = `${released.registry}/piggy-env:${version}@${released.digests["piggy-env"]}`;
    expect(manifests).toContain(`name: "PIGGY_ENV_IMAGE"\n              value: "${reference}"`);
  });
});

describe("helm test", () => {
  const runTest = () => installation.helm.runAloud("test", RELEASE, "--namespace", OWN_NAMESPACE);
  const parseNames = object({ items: list(object({ metadata: object({ name: string }, {}) }, {})) }, {});

  /** Which of the test's own objects there are. */
  async function leftovers(): Promise<readonly string[]> {
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    const own = `/api/v1/namespaces/${OWN_NAMESPACE}`;
    const places = [`${own}/pods`, `${own}/serviceaccounts`, `${rbac}/roles`, `${rbac}/rolebindings`];
    const found = places.map(async (place) => {
      const { items } = parseNames((await node.cluster.admin.call("GET", place)).body, "list");
      return items.map(({ metadata }) => metadata.name).filter((name) => name === `${RELEASE}-test`);
    });
    return (await Promise.all(found)).flat();
  }

  test("says that Pods get to piggy-webhooks, and leaves nothing", async () => {
    const said = await runTest();
    expect(said).toContain("ok: a Pod of default that asks for secrets gets its injector by an image volume");
    expect(said).toContain("answers where such a Pod asks, and proves who it is");
    expect(said).toMatch(/Phase: +Succeeded/);
    expect(await leftovers()).toEqual([]);
  });

  test("fails where caBundle is another's, says so, and leaves nothing", async () => {
    // piggy-webhooks would set it again.
    const binding = `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${RELEASE}`;
    expect((await node.cluster.admin.call("DELETE", binding)).status).toBe(200);
    const { pem } = await createCertificateAuthority("another");
    const value = Buffer.from(pem).toString("base64");
    const replacement = [{ op: "replace", path: "/webhooks/0/clientConfig/caBundle", value }];
    const type = "application/json-patch+json";
    expect((await node.cluster.admin.call("PATCH", CONFIGURATION, replacement, type)).status).toBe(200);
    const failure = await runTest().then(String, String);
    expect(failure).toContain("certificate signed by unknown authority");
    expect(failure).toContain("ended with 1");
    expect(await leftovers()).toEqual([]);
  });
});
