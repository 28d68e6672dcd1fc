/** One run on its stage, from its first Pod to the report's figures. */
import { OWN_NAMESPACE } from "../test/cluster/installation.ts";
import { eventsIn } from "../test/cluster/pods.ts";
import { startAdmissions } from "./admissions.ts";
import { type ChangingAws, startChanging } from "./aws.ts";
import { watchCertificates } from "./certificate-watch.ts";
import { persistently } from "./creation.ts";
import { doAsPlanned } from "./deeds.ts";
import { watchHeld } from "./held-watch.ts";
import { livesFor } from "./lives.ts";
import { planDeeds } from "./plan.ts";
import { startPodStream } from "./pod-stream.ts";
import { NAMESPACE } from "./pods.ts";
import { createRecorder, type Recorder, type Sightings } from "./record.ts";
import type { Stage } from "./stage.ts";
import { overfull, steadinessOf, unsteady } from "./steadiness.ts";
import { startWitness } from "./witness.ts";

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly print: (line: string) => void;
}

export async function runSoak(stage: Stage, { seconds, seed, print }: RunOptions): Promise<Sightings> {
  const { cluster, podLogs } = stage.node;
  const recorder = createRecorder(print);
  const aws = startChanging(stage.installation.aws);
  const witness = startWitness(podLogs, aws, recorder);
  const pods = startPodStream({ stage, lives: livesFor(seconds), witness, recorder });
  const streams = [
    startAdmissions(cluster, stage.image, recorder),
    watchCertificates(cluster, recorder),
    watchHeld(recorder),
  ];
  const progress = setInterval(() => print(progressOf(recorder)), PROGRESS_MS);
  try {
    await doAsPlanned(planDeeds(seconds, seed), { stage, aws, recorder, print });
    await Bun.sleep(Math.max(0, seconds - recorder.at()) * 1000);
  } finally {
    await pods.stop();
    for (const stop of streams) {
      for (const failure of await stop()) recorder.violated("the run itself", "a stream", failure);
    }
    await witness.stop();
    aws.stop();
    clearInterval(progress);
  }
  await readEvents(stage, aws, recorder);
  const { held } = recorder.seen;
  for (const { kind, who, what } of [...overfull(held), ...unsteady(steadinessOf(held))]) {
    recorder.violated(kind, who, what);
  }
  print(progressOf(recorder));
  return recorder.seen;
}

const PROGRESS_MS = 30_000;

function progressOf({ seen, at }: Recorder): string {
  const { pods, admissions, retries, judged, startedAgain, verified, violations } = seen;
  const counts = { pods: pods.length, judged, startedAgain, admissions: admissions.length, verified };
  const text = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return `${at().toFixed(0)} s: ${text.join(", ")}, ${retries.length} retries, ${violations.length} VIOLATIONS`;
}

const EVENTS_MS = 60_000;

/** Which tell whoever may read them why a container has no secret. */
async function readEvents(stage: Stage, { marker }: ChangingAws, recorder: Recorder): Promise<void> {
  for (const namespace of [NAMESPACE, OWN_NAMESPACE]) {
    const events = await persistently(() => eventsIn(stage.node.cluster, namespace), EVENTS_MS);
    for (const event of events.split("\n").filter((each) => each.includes(marker)))
      recorder.violated("value in an Event", namespace, event.replaceAll(marker, "⋯"));
  }
}
