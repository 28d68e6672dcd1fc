/** Another webhook changes a Pod after ours, and the API server comes to ours again. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { edited } from "../admission/edited.ts";
import {
  containerOf,
  environmentOf,
  isWrapped,
  podWith,
  sha256,
  signaturesOf,
} from "../admission/mutation.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install, register } from "./installation.ts";
import { add, addNamespace, eventually, podsOf } from "./objects.ts";

const NAMESPACE = "shop";
const LATE = "--late";
const CHANGED = { "late-webhook": "enabled" };

let cluster: Cluster;
let installation: Installation;
let late: Awaited<ReturnType<typeof startLateWebhook>>;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  late = await startLateWebhook();
  // Its name comes after ours, so it is called after ours.
  await register(cluster, { name: "z-late", url: late.url, caPem: late.caPem, labels: CHANGED });
  await addNamespace(cluster, NAMESPACE, { ...INJECTED, ...CHANGED });
  await eventually("Pods are sent to both", async () => {
    const { body } = await cluster.admin.call("POST", `${podsOf(NAMESPACE)}?dryRun=All`, podWith());
    return containerOf(parsePod(body, "Pod")).args?.includes(LATE) === true;
  });
});
afterAll(async () => {
  await late?.stop();
  await installation?.stop();
  await cluster?.stop();
});

const parseReview = object(
  {
    request: object(
      {
        uid: string,
        object: object({ spec: object({ containers: list(object({}, { args: list(string) })) }, {}) }, {}),
      },
      {},
    ),
  },
  {},
);

/** A webhook that gives a Pod's first container one more argument, unless it has it. */
async function startLateWebhook() {
  const authority = await createCertificateAuthority("late-webhook-ca");
  const tls = await authority.issue({ names: ["127.0.0.1"] });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls,
    async fetch(request) {
      const { uid, object: pod } = parseReview(await request.json(), "AdmissionReview").request;
      const args = pod.spec.containers[0]?.args ?? [];
      const patch = args.includes(LATE)
        ? []
        : [{ op: "add", path: "/spec/containers/0/args", value: [...args, LATE] }];
      const encoded = Buffer.from(JSON.stringify(patch)).toString("base64");
      const response = { uid, allowed: true, patchType: "JSONPatch", patch: encoded };
      return Response.json({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response });
    },
  });
  return { url: `https://127.0.0.1:${server.port}`, caPem: authority.pem, stop: () => server.stop(true) };
}

const create = async (pod: object): Promise<Pod> =>
  parsePod(await add(cluster, podsOf(NAMESPACE), pod), "Pod");

test("the signature is of the argument that came late, and nothing is there twice", async () => {
  const pod = await create(podWith({}, { metadata: { name: "late" } }));
  expect(isWrapped(pod)).toBe(true);
  expect(containerOf(pod).args).toEqual(["--", "/app", LATE]);
  expect(signaturesOf(pod)).toEqual({ main: sha256(`/app ${LATE}`) });
  expect(Object.keys(signaturesOf(pod))).toHaveLength(1);
  expect(pod.spec.initContainers).toHaveLength(1);
  const names = containerOf(pod).env?.map(({ name }) => name) ?? [];
  expect(names).toEqual([...new Set(names)]);
});

test("the Pod that came of it changes no more by coming again", async () => {
  const first = await create(podWith({}, { metadata: { name: "first" } }));
  const again = await create({
    ...first,
    metadata: { name: "again", annotations: first.metadata.annotations },
  });
  expect(again.spec).toEqual(first.spec);
  expect(again.metadata.annotations).toEqual(first.metadata.annotations);
  expect(environmentOf(again)["PIGGY_UID"]).toMatch(/^[0-9a-f]{32}$/);
});

test("a Pod of a backup has what is ours as of today, and everything else as it was", async () => {
  const first = await create(podWith({}, { metadata: { name: "backed-up" } }));
  const { annotations = {} } = first.metadata;
  const restored = await create({
    ...edited(first, ({ spec }) => {
      const { env } = spec.containers[0];
      for (const variable of env)
        if (variable.name === "PIGGY_ADDRESS") variable.value = "https://old.example";
    }),
    metadata: { name: "restored", annotations: { ...annotations, "piggysec.com/piggy-uid": "{}" } },
  });
  expect(restored.spec).toEqual(first.spec);
  expect(restored.metadata.annotations).toEqual(annotations);
});
