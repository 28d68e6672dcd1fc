/** Where a run takes place: a node, the chart on it with both replicas, AWS beside it, and who watches. */
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { eventually } from "../test/apiserver/objects.ts";
import type { Snapshotter } from "../test/cluster/containerd.ts";
import {
  type ChartInstallation,
  OWN_NAMESPACE,
  prepareChart,
  REGISTRY_CA,
  RESTRICTED,
  runHelm,
} from "../test/cluster/installation.ts";
import { type OneNode, startOneNode } from "../test/cluster/one-node.ts";
import { addLiveNamespace, addPullSecret } from "../test/cluster/pods.ts";
import { pushCompiled } from "../test/cluster/program-image.ts";
import { TTL_MS } from "./aws.ts";
import { addClock, CLOCK } from "./clock.ts";
import type { Lives } from "./lives.ts";
import { NAMESPACE } from "./pods.ts";
import { findReplicas } from "./replicas.ts";

export interface Stage {
  readonly node: OneNode;
  readonly installation: ChartInstallation;
  /** What the Pods of the stream run. */
  readonly image: string;
  stop(): Promise<void>;
}

const PROGRAM = new URL("programs/says.c", import.meta.url);

export async function setStage({ caMs, certificateMs }: Lives): Promise<Stage> {
  const node = await startOneNode({ snapshotter: await snapshotter() });
  let installation: ChartInstallation | undefined;
  const stop = async () => {
    await installation?.stop();
    await node.stop();
  };
  try {
    const lives = {
      PIGGY_CA_LIFETIME: `${caMs}ms`,
      PIGGY_CERTIFICATE_LIFETIME: `${certificateMs}ms`,
      PIGGY_CACHE_TTL: `${TTL_MS}ms`,
    };
    installation = await prepareChart(node, {
      environment: { ...lives, ...CLOCK.env },
      values: {
        volumes: [...REGISTRY_CA.volumes, ...CLOCK.volumes],
        volumeMounts: [...REGISTRY_CA.volumeMounts, ...CLOCK.volumeMounts],
      },
    });
    await addClock(node.cluster);
    await runHelm(node, installation, "install", installation.chart, installation.values);
    await eventually("both replicas run", async () => (await findReplicas()).length === 2);
    const image = await pushCompiled(node, "says", PROGRAM);
    await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
    await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
    return { node, installation, image, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What real nodes have, where it can be: on an overlay it cannot. Source: linux/magic.h. */
async function snapshotter(): Promise<Snapshotter> {
  const OVERLAYFS_SUPER_MAGIC = 0x794c7630;
  return (await statfs(tmpdir())).type === OVERLAYFS_SUPER_MAGIC ? "native" : "overlayfs";
}

/** The namespaces whose containers are listened to. */
export const HEARD = [NAMESPACE, OWN_NAMESPACE];
