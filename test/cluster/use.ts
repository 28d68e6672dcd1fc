/** A release that is in use while it changes: Pods that it admits, and Pods that run and ask it for their secret. */
import { expect } from "bun:test";
import { isWrapped } from "../admission/mutation.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { list, object } from "../fakes/kubernetes/schema.ts";
import { REGION } from "../support/world.ts";
import { type ChartInstallation, OWN_NAMESPACE, RELEASE, RESTRICTED } from "./installation.ts";
import { caBundle, servedSince, serviceAddress } from "./kept-certificate.ts";
import { killProcess } from "./kill-process.ts";
import type { OneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, logOf, says } from "./pods.ts";
import { LINGER, pushCompiled } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";
import { startStream } from "./stream.ts";

/** Of the Pods. */
export const NAMESPACE = "restricted";
/** The Service's name, which nobody resolves here. */
export const HOST = `${RELEASE}.${OWN_NAMESPACE}.svc`;
const SECRET = "restricted/sample";
const VALUE = "from AWS";

type Annotations = Readonly<Record<string, string>>;

export interface Use {
  /** Creates a Pod whose program runs until it is killed, and then anew. */
  readonly create: (name: string, annotations?: Annotations) => Promise<void>;
  /** Resolves when the Pod's program has printed its secret, since it was started last. */
  readonly says: (name: string) => Promise<void>;
  /** Kills the Pod's program. Resolves when the next one has said that it does not trust who is there to answer. */
  readonly isLost: (name: string) => Promise<void>;
  /** By server-side dry run. @throws Error when the Pod is not admitted, or not given a secret */
  readonly admit: () => Promise<void>;
  /** Does something while Pods are admitted, and others connect anew each time, and expects that none of it fails. */
  readonly during: <Result>(step: () => Promise<Result>) => Promise<Result>;
  /** Waits until no replica is there but the two of the last upgrade. */
  readonly onlyNewReplicas: () => Promise<void>;
}

/** @param port of the Service */
export async function useRelease(node: OneNode, { aws }: ChartInstallation, port = 443): Promise<Use> {
  const { cluster } = node;
  aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  const image = await pushCompiled(node, "linger", LINGER);
  await addLiveNamespace(cluster, NAMESPACE, RESTRICTED);
  await addPullSecret(cluster, NAMESPACE, node.dockerConfig);

  const podOf = async (name: string, annotations: Annotations = {}) => {
    const { spec, ...rest } = restrictedPod({
      namespace: NAMESPACE,
      name,
      image,
      annotations: { "piggysec.com/aws-secret-name": SECRET, ...annotations },
      container: {
        command: ["/program"],
        args: [name],
        env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }],
      },
      restartPolicy: "Always",
    });
    const hostAliases = [{ ip: await serviceAddress(cluster), hostnames: [HOST] }];
    return { ...rest, spec: { ...spec, hostAliases } };
  };

  const admit = async () => {
    const path = `${podsOf(NAMESPACE)}?dryRun=All`;
    const { status, body } = await cluster.admin.call("POST", path, await podOf("of-many"));
    if (status !== 201) throw new Error(`${status} ${String(body["message"])}`);
    if (!isWrapped(parsePod(body, "Pod"))) throw new Error("admitted as it came");
  };

  return {
    admit,
    create: async (name, annotations) =>
      void (await add(cluster, podsOf(NAMESPACE), await podOf(name, annotations))),
    says: (name) => says(cluster, NAMESPACE, name, VALUE),
    async isLost(name) {
      await killProcess(["/program", name]);
      await eventually("it says why it does not start", async () => {
        const log = await logOf(cluster, NAMESPACE, name).catch(() => "");
        return log.includes('"code":"webhook_untrusted"');
      });
    },
    async during(step) {
      const address = await serviceAddress(cluster);
      const admissions = startStream(admit, 20);
      const connect = async () => void (await servedSince(address, await caBundle(cluster), port));
      const connections = startStream(connect, 20);
      try {
        const result = await step();
        // What fails ends its stream by and by, and is told.
        const often = () => Math.min(admissions.count(), connections.count()) > 20;
        await eventually(
          "both were at it often",
          async () => often() || admissions.failed() || connections.failed(),
        );
        return result;
      } finally {
        expect([await connections.stop(), await admissions.stop()]).toEqual([[], []]);
      }
    },
    onlyNewReplicas: () =>
      eventually("the replicas before are gone", async () => (await replicas(node)) === 2),
  };
}

const parsePods = object({ items: list(object({}, {})) }, {});

async function replicas({ cluster }: OneNode): Promise<number> {
  const selector = encodeURIComponent(`app.kubernetes.io/name=${RELEASE}`);
  const { body } = await cluster.admin.call("GET", `${podsOf(OWN_NAMESPACE)}?labelSelector=${selector}`);
  return parsePods(body, "PodList").items.length;
}
