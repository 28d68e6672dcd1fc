/** Listens to every container of the stream and to the replicas, and judges what they say as they say it. */
import { OWN_NAMESPACE } from "../test/cluster/installation.ts";
import type { ChangingAws } from "./aws.ts";
import { followLogs, type LogLine } from "./log-follower.ts";
import { readPodLine } from "./pod-log.ts";
import { NAMESPACE } from "./pods.ts";
import type { Recorder } from "./record.ts";
import { meaningOf } from "./replica-log.ts";
import { HEARD } from "./stage.ts";
import { judge, type Said } from "./truth.ts";

export interface Witness {
  /** Tells of a Pod that is about to be created. */
  expect(pod: string): void;
  /** What its programs have said so far, one container after the other. */
  saidBy(pod: string): readonly Said[];
  stop(): Promise<void>;
}

export function startWitness(podLogs: string, { marker, truth }: ChangingAws, recorder: Recorder): Witness {
  const { seen, violated, overhear, at } = recorder;
  const sayings = new Map<string, Said[]>();
  const count = (what: string) => seen.said.set(what, (seen.said.get(what) ?? 0) + 1);

  const hearPod = ({ pod, text }: LogLine) => {
    const line = readPodLine(pod, text);
    if (line.kind === "gave up") {
      seen.retries.push({ at: at(), of: "container", why: line.code });
      if (line.finding !== undefined) violated(line.finding.kind, line.finding.who, line.finding.what);
    }
    if (line.kind !== "said") return;
    seen.judged += 1;
    const fault = judge(line.said, truth);
    if (fault !== undefined) violated(fault.kind, pod, fault.what);
    const all = sayings.get(pod);
    if (all === undefined) violated("wrong value", pod, "nobody has created it");
    else all.push(line.said);
  };

  const hearReplica = ({ pod, text }: LogLine) => {
    // What is asked of many says nothing of any.
    if (!text.includes('"message":"admitted"')) overhear(pod, text.replaceAll(marker, "⋯"));
    const isOurs = (namespace: string, name: string) => namespace === NAMESPACE && sayings.has(name);
    const { counts, finding } = meaningOf(text, { marker, isOurs });
    count(counts);
    if (finding !== undefined) violated(finding.kind, finding.who, finding.what);
  };

  const follower = followLogs(podLogs, HEARD, (line) => {
    if (line.namespace === OWN_NAMESPACE) hearReplica(line);
    else hearPod(line);
  });
  return {
    expect: (pod) => void sayings.set(pod, []),
    saidBy: (pod) => sayings.get(pod) ?? [],
    stop: follower.stop,
  };
}
