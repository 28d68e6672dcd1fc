/** One Pod from its creation to its application's first instruction, as the application says it. */
import type { Cluster } from "../../test/apiserver/cluster.ts";
import { podsOf } from "../../test/apiserver/objects.ts";
import { eventsIn, logOf } from "../../test/cluster/pods.ts";
import { object, string } from "../../test/fakes/kubernetes/schema.ts";
import type { Sample } from "../interleave.ts";
import { NAMESPACE, type StartedPod, VALUE } from "./pods.ts";

/** Each look takes something of the machine that is measured. */
const LOOK_EVERY_MS = 250;
const TIMEOUT_MS = 120_000;
/** How often the kubelet looks at all its containers by itself. Source: genericPlegRelistPeriod of pkg/kubelet. */
const RELIST_PERIOD_MS = 1000;

/** @throws Error with what happened to it when the Pod did not start with its secret */
export async function timedStart(cluster: Cluster, pod: StartedPod): Promise<Sample> {
  // What went before ends with a look of the kubelet's: its next one must not come at the same time in every start.
  await Bun.sleep(Math.random() * RELIST_PERIOD_MS);
  const createdAt = Date.now();
  const { status, body } = await cluster.admin.call("POST", podsOf(NAMESPACE), pod);
  if (status !== 201) throw new Error(`${pod.metadata.name}: ${status} ${String(body["message"])}`);
  const startedAt = await firstInstruction(cluster, pod.metadata.name);
  await remove(cluster, pod.metadata.name);
  return { milliseconds: startedAt - createdAt, peakMemory: undefined };
}

const parsePhase = object({ status: object({ phase: string }, {}) }, {});

/** Milliseconds since the epoch, by the clock of this machine. */
async function firstInstruction(cluster: Cluster, name: string): Promise<number> {
  const phaseOf = async () => {
    const { body } = await cluster.admin.call("GET", `${podsOf(NAMESPACE)}/${name}`);
    return parsePhase(body, "Pod").status.phase;
  };
  await looking(cluster, name, async () => ["Succeeded", "Failed"].includes(await phaseOf()));
  const log = await logOf(cluster, NAMESPACE, name);
  const [, seconds] = /^first-instruction=([\d.]+)$/m.exec(log) ?? [];
  if (seconds === undefined || !log.includes(`\nTEST_ENV=${VALUE}\n`))
    throw new Error(
      `${name} did not start with its secret:\n${log}\n${await eventsIn(cluster, NAMESPACE, name)}`,
    );
  return Number(seconds) * 1000;
}

/** Whole: what is left of it would be taken away while the next one starts. */
async function remove(cluster: Cluster, name: string): Promise<void> {
  const path = `${podsOf(NAMESPACE)}/${name}`;
  await cluster.admin.call("DELETE", path);
  await looking(cluster, name, async () => (await cluster.admin.call("GET", path)).status === 404);
}

async function looking(cluster: Cluster, name: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + TIMEOUT_MS;
  while (!(await isSo())) {
    if (Date.now() > end)
      throw new Error(`${name} takes too long:\n${await eventsIn(cluster, NAMESPACE, name)}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
