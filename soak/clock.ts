/**
 * The clock of the replicas, set from outside: a library that the loader puts in front of the C library tells the
 * program of the chart's own image another time of day. It comes by values that any operator can set.
 */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../scripts/bundle/cache.ts";
import type { Cluster } from "../test/apiserver/cluster.ts";
import { add } from "../test/apiserver/objects.ts";
import { OWN_NAMESPACE } from "../test/cluster/installation.ts";

const SOURCE = fileURLToPath(new URL("programs/clock.c", import.meta.url));
const CONFIG_MAP = "clock";
const LIBRARY = "clock.so";

/** Values of the chart's, by which each Pod has a clock of its own. */
export const CLOCK = {
  env: { LD_PRELOAD: `/preloaded/${LIBRARY}` },
  volumes: [
    { name: "preloaded", configMap: { name: CONFIG_MAP } },
    { name: "clock", emptyDir: {} },
  ],
  volumeMounts: [
    { name: "preloaded", mountPath: "/preloaded", readOnly: true },
    { name: "clock", mountPath: "/clock" },
  ],
} as const;

/** Compiles the library and puts it where the Pods mount it from. */
export async function addClock(cluster: Cluster): Promise<void> {
  const file = join(await mkdtemp(join(tmpdir(), "piggy-clock-")), LIBRARY);
  const options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"];
  await run([process.env["CC"] || "cc", ...options, "-o", file, SOURCE]);
  await add(cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/configmaps`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: CONFIG_MAP },
    binaryData: { [LIBRARY]: (await readFile(file)).toString("base64") },
  });
}

/**
 * Sets a Pod's clock ahead of the machine's, or behind it. It stays so when its container is started again, as that of
 * a node would. Of a Pod that has gone there is nothing to set.
 * @param pods the folder of the volumes of the node's Pods
 */
export async function setClock(pods: string, podUid: string, aheadMs: number): Promise<void> {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(aheadMs));
  const file = join(pods, podUid, "volumes/kubernetes.io~empty-dir/clock/ahead");
  // In its place: who has it mapped sees it at once.
  await writeFile(file, bytes, { flag: "r+" }).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}
