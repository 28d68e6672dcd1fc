/** The constant stream of real Pods: created, started by the kubelet, judged by what their programs say, deleted. */
import { podsOf } from "../test/apiserver/objects.ts";
import { killProcess } from "../test/cluster/kill-process.ts";
import { eventsIn, stored } from "../test/cluster/pods.ts";
import { object, string } from "../test/fakes/kubernetes/schema.ts";
import { persistently, tryToCreate } from "./creation.ts";
import { type Lives, longestLifeOfAPod } from "./lives.ts";
import { argvOf, deliveryOf, NAMESPACE, podOf, type WantedPod } from "./pods.ts";
import type { Recorder } from "./record.ts";
import type { Stage } from "./stage.ts";
import type { Witness } from "./witness.ts";

export interface PodStream {
  /** Ends when every Pod of it has come to its end. */
  stop(): Promise<void>;
}

export interface PodStreamOptions {
  readonly stage: Stage;
  readonly lives: Lives;
  readonly witness: Witness;
  readonly recorder: Recorder;
}

/** At once; of those that stay, whose containers are started again. */
const ONCE = 3;
const STAYING = 2;
const PAUSE_MS = 200;
/** Those come whatever became of the ones before, as a controller's do: while nothing starts, too. */
const ARRIVAL_MS = 3_000;
const MOST_ARRIVED = 20;
/** A Pod that is not there by then is lost. The kubelet waits up to five minutes between two starts, if many went wrong. */
const LOST_MS = 360_000;
/** Of a container that stays, before it is killed. */
const LOOKS_MS = 3_000;
const RESTARTS = 2;

export function startPodStream(options: PodStreamOptions): PodStream {
  let isStopped = false;
  let pods = 0;
  const { recorder } = options;
  const one = async (life: WantedPod["life"]) => {
    pods += 1;
    const name = `${life}-${pods}`;
    try {
      await live({ name, life, image: options.stage.image, delivery: deliveryOf(pods) }, options);
    } catch (error) {
      recorder.violated("lost", name, `${error}\n${await historyOf(options.stage, name)}`);
    }
  };
  const oneAfterTheOther = async (life: WantedPod["life"]) => {
    while (!isStopped) {
      await one(life);
      await Bun.sleep(PAUSE_MS);
    }
  };
  const arriving = async () => {
    const arrived = new Set<Promise<void>>();
    while (!isStopped) {
      if (arrived.size < MOST_ARRIVED) {
        const life = one("once").finally(() => arrived.delete(life));
        arrived.add(life);
      }
      await Bun.sleep(ARRIVAL_MS);
    }
    await Promise.all(arrived);
  };
  const lives = [...Array<"once">(ONCE).fill("once"), ...Array<"stay">(STAYING).fill("stay")];
  const done = Promise.all([...lives.map(oneAfterTheOther), arriving()]);
  return {
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

/** @throws Error when it does not come to the end that it should */
async function live(wanted: WantedPod, options: PodStreamOptions): Promise<void> {
  const { stage, witness, recorder } = options;
  const { cluster } = stage.node;
  const { name } = wanted;
  const [at, begun] = [recorder.at(), Date.now()];
  witness.expect(name);
  await persistently(() => tryToCreate(cluster, podOf(wanted), "create", recorder), LOST_MS);
  const [said] = await saying(wanted, 1, witness);
  if (said !== undefined) recorder.seen.pods.push({ at, ms: said.at - begun });
  if (wanted.life === "stay") await startAgain(wanted, begun, options);
  else await persistently(() => hasSucceeded(stage, name), LOST_MS);
  const path = `${podsOf(NAMESPACE)}/${name}`;
  await persistently(async () => {
    const { status } = await cluster.admin.call("DELETE", path);
    return status === 200 || status === 202 || status === 404 ? true : undefined;
  }, LOST_MS);
}

/** Resolves when so many of its containers have said something. @throws Error when it takes too long */
function saying({ name }: WantedPod, times: number, { saidBy }: Witness) {
  return persistently(async () => (saidBy(name).length >= times ? saidBy(name) : undefined), LOST_MS);
}

/** Ends its program, as often as the CA that it trusts lets it live. */
async function startAgain(
  wanted: WantedPod,
  begun: number,
  { lives, witness, recorder }: PodStreamOptions,
): Promise<void> {
  for (let restarts = 1; restarts <= RESTARTS; restarts += 1) {
    await Bun.sleep(LOOKS_MS);
    if (Date.now() - begun > longestLifeOfAPod(lives)) return;
    await killProcess(argvOf(wanted));
    await saying(wanted, restarts + 1, witness);
    recorder.seen.startedAgain += 1;
  }
}

const parsePhase = object({ status: object({ phase: string }, {}) }, {});

async function hasSucceeded(stage: Stage, name: string): Promise<true | undefined> {
  const { phase } = parsePhase(await stored(stage.node.cluster, NAMESPACE, name), "Pod").status;
  return phase === "Succeeded" ? true : undefined;
}

async function historyOf({ node }: Stage, name: string): Promise<string> {
  const [pod, events] = await Promise.all([
    stored(node.cluster, NAMESPACE, name).catch(String),
    eventsIn(node.cluster, NAMESPACE, name).catch(String),
  ]);
  const status = typeof pod === "string" ? pod : JSON.stringify(pod["status"]);
  return `${status}\n${events}`;
}
