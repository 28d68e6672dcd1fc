/** What piggy-webhooks is there for, each by itself, and whether it is done: asked anew, of things not seen before. */
import { fileURLToPath } from "node:url";
import { format } from "../../lib/certificates/authority.ts";
import { createAuthority } from "../../lib/certificates/x509.ts";
import { isWrapped } from "../admission/mutation.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { NOT_ALLOWED } from "../secrets/asking.ts";
import { compiledC } from "../support/programs.ts";
import { REGION } from "../support/world.ts";
import type { Asked, AuditLog } from "./audit.ts";
import { createAsking, createInjector, type Injector } from "./injector-request.ts";
import { type ChartInstallation, OWN_NAMESPACE, RELEASE } from "./installation.ts";
import { CONFIGURATION, caBundle, OWN_SECRET, ownSecret } from "./kept-certificate.ts";
import { untilLooked } from "./looks.ts";
import type { OneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, eventsIn } from "./pods.ts";
import { buildProgramImage } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";

export const HAND_OUT = "a container is handed its secret";
export const REFUSE = "a token that nobody gave is refused";
export const TELL = "a Pod is told why it gets no secret";
export const READ_CONFIG_MAP = "a container is left alone whose ConfigMap holds no reference";
export const READ_SECRET = "a container is left alone whose Secret holds no reference";
export const PULL = "an ENTRYPOINT is found with the Pod's pull secret";
export const PULL_BY_ACCOUNT = "an ENTRYPOINT is found with the pull secret of the Pod's service account";
export const MOUNT = "the injector comes as an image volume where the nodes can mount one";
export const TRUST = "a caBundle that was emptied is set again";
export const VOUCH = "a CA that took the place of ours is vouched for, and its Secret is whose it was";
export const WRITE_BACK = "a Secret of the CA that was deleted is written back";
export const OWN = "a Secret of the CA that is written back goes with the Service";

interface Duty {
  readonly name: string;
  /** Those of the certificate damage something first, and wait until it is mended. */
  readonly isDone: () => Promise<boolean>;
}

const SECRET = "shop/sample";
const VALUE = "from AWS";
const ANNOTATIONS = { "piggysec.com/aws-secret-name": SECRET };
const PROGRAM = ["/program"];
const REFERENCE = { env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }] };

/** Where they are done. */
export interface Place {
  readonly node: OneNode;
  readonly installation: ChartInstallation;
  readonly audit: AuditLog;
  /** Of Pods, and theirs alone. */
  readonly namespace: string;
}

/** The names of those that are not done. */
export type FindUndone = () => Promise<readonly string[]>;

/** Fills the place with what they are about. */
export async function createDuties(place: Place): Promise<FindUndone> {
  await fill(place);
  const { admit, imageOf } = admissions(place, await pushProgram(place.node));
  const ofPods = [...secretDuties(place, imageOf), ...admissionDuties(place, admit)];
  const ofTheAuthority = authorityDuties(place);
  return async () => {
    const beside = await Promise.all([ofPods, ofTheAuthority].map(undoneOf));
    // While the API server does not trust us no Pod is admitted.
    return [...beside.flat(), ...(await undoneOf([trustDuty(place)]))];
  };
}

async function undoneOf(duties: readonly Duty[]): Promise<readonly string[]> {
  const undone: string[] = [];
  for (const { name, isDone } of duties) if (!(await isDone())) undone.push(name);
  return undone;
}

/** Resolves when nothing is left of what the duties damaged. */
export async function untilMended({ node: { cluster } }: Place): Promise<void> {
  await eventually("the CA is in its Secret and in caBundle", async () => {
    const ca = (await ownSecret(cluster))?.["ca.crt"];
    return ca !== undefined && (await caBundle(cluster)).includes(ca);
  });
}

async function fill({ node, installation, namespace }: Place): Promise<void> {
  const { cluster, dockerConfig } = node;
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  await addPullSecret(cluster, namespace, dockerConfig);
  const core = `/api/v1/namespaces/${namespace}`;
  const plain = { metadata: { name: "plain" } };
  await add(cluster, `${core}/configmaps`, { ...plain, data: { TEST_ENV: "plain" } });
  await add(cluster, `${core}/secrets`, { ...plain, stringData: { TEST_ENV: "plain" } });
  await add(cluster, `${core}/secrets`, {
    metadata: { name: "elsewhere" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: {
      ".dockerconfigjson": JSON.stringify({ auths: { "elsewhere.example.com": { auth: "YTpi" } } }),
    },
  });
}

async function pushProgram({ buildah, push }: OneNode): Promise<string> {
  const app = await compiledC(fileURLToPath(new URL("../../demo/app/app.c", import.meta.url)), "app");
  await buildProgramImage(buildah, "localhost/app", app);
  return push("localhost/app", "team/app:1");
}

let names = 0;
/** Of what was not there before. */
function newName(): string {
  names += 1;
  return `number-${names}`;
}

type PodOf = (container: object, namespace?: string) => ReturnType<typeof restrictedPod>;

function admissions({ node, namespace }: Place, image: string) {
  const imageOf: PodOf = (container, inNamespace = namespace) =>
    restrictedPod({ namespace: inNamespace, name: newName(), image, annotations: ANNOTATIONS, container });
  /** What a Pod would be stored as, with this in its spec; undefined where it is denied. */
  const admit = async (container: object, spec: object = {}) => {
    const pod = imageOf(container);
    const { status, body } = await node.cluster.admin.call("POST", `${podsOf(namespace)}?dryRun=All`, {
      ...pod,
      spec: { ...pod.spec, ...spec },
    });
    return status === 201 ? parsePod(body, "Pod") : undefined;
  };
  return { admit, imageOf };
}

function secretDuties(place: Place, imageOf: PodOf): readonly Duty[] {
  const { node, audit, namespace } = place;
  const { cluster } = node;
  const injector = (annotations: Readonly<Record<string, string>>, inNamespace = namespace) => {
    const pod = imageOf({ command: PROGRAM, ...REFERENCE }, inNamespace);
    return createInjector(cluster, { ...pod, metadata: { ...pod.metadata, annotations } }, PROGRAM);
  };
  const ask = async (asking: Pick<Injector, "token" | "request">) => (await createAsking(cluster))(asking);
  return [
    {
      name: HAND_OUT,
      async isDone() {
        const { status, text } = await ask(await injector(ANNOTATIONS));
        return status === 200 && Bun.deepEquals(JSON.parse(text), { TEST_ENV: VALUE });
      },
    },
    {
      name: REFUSE,
      async isDone() {
        const { token, request } = await injector(ANNOTATIONS);
        const answer = await ask({ token: forged(token), request });
        return Bun.deepEquals(answer, { status: 403, text: NOT_ALLOWED });
      },
    },
    {
      name: TELL,
      async isDone() {
        // Where an Event was refused none is tried again for some minutes.
        const unknown = newName();
        await addLiveNamespace(cluster, unknown);
        const told = await injector({ "piggysec.com/aws-secret-name": "shop/none" }, unknown);
        const { text } = await ask(told);
        if (!text.includes("ResourceNotFoundException")) return false;
        const isTried = ({ resource, namespace: at }: Asked) => resource === "events" && at === unknown;
        await eventually("an Event is tried", async () => (await audit.requests()).some(isTried));
        return (await eventsIn(cluster, unknown, told.podName)).includes("SecretNotFound");
      },
    },
  ];
}

/** With a signature that is not its own. */
function forged(token: string): string {
  const [head, claims, signature = ""] = token.split(".");
  const other = signature.startsWith("A") ? "B" : "A";
  return `${head}.${claims}.${other}${signature.slice(1)}`;
}

type Admit = ReturnType<typeof admissions>["admit"];

function admissionDuties({ node, audit, namespace }: Place, admit: Admit): readonly Duty[] {
  const isLeft = async (source: object) => {
    const pod = await admit({ command: PROGRAM, envFrom: [source] });
    return pod !== undefined && !isWrapped(pod);
  };
  const isFound = async (spec: object) => {
    const pod = await admit(REFERENCE, spec);
    return Bun.deepEquals(pod?.spec.containers[0]?.args, ["--", ...PROGRAM]);
  };
  return [
    { name: READ_CONFIG_MAP, isDone: () => isLeft({ configMapRef: { name: "plain" } }) },
    { name: READ_SECRET, isDone: () => isLeft({ secretRef: { name: "plain" } }) },
    { name: PULL, isDone: () => isFound({}) },
    {
      name: PULL_BY_ACCOUNT,
      async isDone() {
        // A service account's pull secrets are kept for some seconds.
        const serviceAccountName = newName();
        await add(node.cluster, `/api/v1/namespaces/${namespace}/serviceaccounts`, {
          metadata: { name: serviceAccountName },
          imagePullSecrets: [{ name: "registry" }],
        });
        // The API server gives a Pod those of its account where it has none itself.
        return isFound({ serviceAccountName, imagePullSecrets: [{ name: "elsewhere" }] });
      },
    },
    {
      name: MOUNT,
      async isDone() {
        await untilLooked(audit, ({ path }) => path === "/version");
        const pod = await admit({ command: PROGRAM, ...REFERENCE });
        return pod !== undefined && isWrapped(pod) && pod.spec.initContainers === undefined;
      },
    },
  ];
}

/** Whether it holds when piggy-webhooks has had a whole look at what it keeps, if not before. */
async function isMended(audit: AuditLog, holds: () => Promise<boolean>): Promise<boolean> {
  let isOver = false;
  const looked = untilLooked(audit, ({ path, verb }) => path === OWN_SECRET && verb === "get").then(() => {
    isOver = true;
  });
  while (!isOver) {
    if (await holds()) return true;
    await Bun.sleep(50);
  }
  await looked;
  return holds();
}

function trustDuty({ node: { cluster }, audit }: Place): Duty {
  return {
    name: TRUST,
    async isDone() {
      const removal = [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }];
      await cluster.admin.call("PATCH", CONFIGURATION, removal, "application/json-patch+json");
      return isMended(audit, async () => (await caBundle(cluster)) !== "");
    },
  };
}

function authorityDuties({ node: { cluster }, audit }: Place): readonly Duty[] {
  return [
    {
      name: VOUCH,
      async isDone() {
        const before = (await ownSecret(cluster))?.["ca.crt"] ?? "none";
        await replaceAuthority(cluster);
        return isMended(audit, async () => (await ownSecret(cluster))?.["previous-ca.crt"] === before);
      },
    },
    {
      name: WRITE_BACK,
      async isDone() {
        await cluster.admin.call("DELETE", OWN_SECRET);
        return isMended(audit, async () => (await ownSecret(cluster)) !== undefined);
      },
    },
    {
      name: OWN,
      async isDone() {
        const { body } = await cluster.admin.call("GET", OWN_SECRET);
        const ownerReferences = [{ kind: "Service", name: RELEASE }];
        return Bun.deepMatch({ metadata: { ownerReferences } }, body);
      },
    },
  ];
}

/** As a backup of another cluster brings one back: by another CA, and nobody's. */
async function replaceAuthority(cluster: OneNode["cluster"]): Promise<void> {
  const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + 24 * 60 * 60_000) };
  const pair = await createAuthority(RELEASE, validity);
  const data = format({ ...pair, previous: undefined, crossSigned: undefined });
  const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
  const { body } = await cluster.admin.call("GET", OWN_SECRET);
  const { status } = await cluster.admin.call("PUT", OWN_SECRET, {
    ...body,
    metadata: { name: `${RELEASE}-own-ca`, namespace: OWN_NAMESPACE },
    data: Object.fromEntries(encoded),
  });
  if (status !== 200) throw new Error(`PUT ${OWN_SECRET}: ${status}`);
}
