/** The dense stream of admissions: Pods that the API server has admitted, and does not store. */
import type { Cluster } from "../test/apiserver/cluster.ts";
import { startStream } from "../test/cluster/stream.ts";
import { tryToCreate } from "./creation.ts";
import { podOf } from "./pods.ts";
import type { Recorder } from "./record.ts";

const PAUSE_MS = 80;

/** @returns what ends it */
export function startAdmissions(
  cluster: Cluster,
  image: string,
  recorder: Recorder,
): () => Promise<readonly string[]> {
  const pod = podOf({ name: "of-many", image, delivery: "image", life: "once" });
  const admit = async () => {
    const [at, begun] = [recorder.at(), performance.now()];
    const admitted = await tryToCreate(cluster, pod, "admission", recorder, "?dryRun=All");
    if (admitted !== undefined) recorder.seen.admissions.push({ at, ms: performance.now() - begun });
  };
  return startStream(admit, PAUSE_MS).stop;
}
