/** Does what the plan says, to the replicas and around them, and sees that it is mended where somebody has to mend it. */
import { podsOf } from "../test/apiserver/objects.ts";
import { OWN_NAMESPACE, RELEASE } from "../test/cluster/installation.ts";
import { CONFIGURATION, caBundle, OWN_SECRET, ownSecret } from "../test/cluster/kept-certificate.ts";
import type { ChangingAws } from "./aws.ts";
import { setClock } from "./clock.ts";
import { persistently } from "./creation.ts";
import { type Deed, nameOf, type Planned, type Which } from "./plan.ts";
import type { Recorder } from "./record.ts";
import { findReplicas, type Replica } from "./replicas.ts";
import type { Stage } from "./stage.ts";

export interface Doing {
  readonly stage: Stage;
  readonly aws: ChangingAws;
  readonly recorder: Recorder;
  readonly print: (line: string) => void;
}

/** Resolves when all is done, and what was put out of order is in order again. */
export async function doAsPlanned(plan: readonly Planned[], doing: Doing): Promise<void> {
  const { recorder } = doing;
  const lasting: Promise<void>[] = [];
  for (const { at, deed } of plan) {
    await Bun.sleep(Math.max(0, at - recorder.at()) * 1000);
    lasting.push(doAndNote(deed, doing));
  }
  await Promise.all(lasting);
}

async function doAndNote(deed: Deed, doing: Doing): Promise<void> {
  const { recorder, print } = doing;
  const [at, name] = [recorder.at(), nameOf(deed)];
  print(`${at.toFixed(1)} s: ${name}${"seconds" in deed ? `, for ${deed.seconds.toFixed(0)} s` : ""}`);
  try {
    await doDeed(deed, doing);
  } catch (error) {
    recorder.violated("not mended", name, String(error));
  }
  recorder.seen.happened.push({ at, name, ...("seconds" in deed ? { until: recorder.at() } : {}) });
}

function doDeed(deed: Deed, { stage, aws, recorder }: Doing): Promise<void> {
  switch (deed.kind) {
    case "kill":
      return killOne(deed.which);
    case "delete":
      return deleteOne(deed.which, stage);
    case "rollout":
      return rollOut(stage);
    case "delete CA":
      return deleteAuthority(stage);
    case "empty caBundle":
      return emptyBundle(stage, recorder);
    case "throttle":
    case "AWS down":
      return aws.disturb(deed.kind, deed.seconds);
    case "API server":
      return stage.node.cluster.restartServer(deed.seconds * 1000);
    case "clock":
      return jump(deed, stage);
  }
}

const MENDED_MS = 60_000;

/** There is always one for long enough, as there are two. */
async function theReplica(which: Which): Promise<Replica> {
  return persistently(async () => (await findReplicas()).at(which === "elder" ? 0 : -1), MENDED_MS);
}

async function killOne(which: Which): Promise<void> {
  process.kill((await theReplica(which)).pid, "SIGKILL");
}

async function deleteOne(which: Which, { node }: Stage): Promise<void> {
  const path = `${podsOf(OWN_NAMESPACE)}/${(await theReplica(which)).pod}`;
  await answered(() => node.cluster.admin.call("DELETE", path));
}

/** As `kubectl rollout restart` does it. */
async function rollOut({ node }: Stage): Promise<void> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  const patch = { spec: { template: { metadata: { annotations } } } };
  const path = `/apis/apps/v1/namespaces/${OWN_NAMESPACE}/deployments/${RELEASE}`;
  await answered(() =>
    node.cluster.admin.call("PATCH", path, patch, "application/strategic-merge-patch+json"),
  );
}

async function deleteAuthority({ node: { cluster } }: Stage): Promise<void> {
  await answered(() => cluster.admin.call("DELETE", OWN_SECRET));
  await persistently(async () => await ownSecret(cluster), MENDED_MS);
}

/** What the API server has been told, it does a moment later. */
const TOLD_MS = 2_000;

async function emptyBundle({ node: { cluster } }: Stage, recorder: Recorder): Promise<void> {
  recorder.isTrustTakenAway = true;
  try {
    const removal = [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }];
    await answered(() => cluster.admin.call("PATCH", CONFIGURATION, removal, "application/json-patch+json"));
    await persistently(async () => (await caBundle(cluster)) || undefined, MENDED_MS);
    await Bun.sleep(TOLD_MS);
  } finally {
    recorder.isTrustTakenAway = false;
  }
}

type Jump = Extract<Deed, { readonly kind: "clock" }>;

async function jump({ which, aheadMs, seconds }: Jump, { node }: Stage): Promise<void> {
  const uids = async () =>
    which === "both"
      ? (await findReplicas()).map(({ podUid }) => podUid)
      : [(await theReplica(which)).podUid];
  const set = await uids();
  for (const podUid of set) await setClock(node.pods, podUid, aheadMs);
  await Bun.sleep(seconds * 1000);
  for (const podUid of set) await setClock(node.pods, podUid, 0);
}

/** Until the API server does it: it may be away. */
async function answered(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  await persistently(async () => ((await ask()).status < 300 ? true : undefined), MENDED_MS);
}
