/**
 * The measurement, from inside of what it runs in: a node, the chart on it, and Pods. It reads its Order from its
 * argument and writes its measurements as JSON to the file that is named there.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { installChart } from "../../test/cluster/installation.ts";
import { type OneNode, startOneNode } from "../../test/cluster/one-node.ts";
import { addLiveNamespace, addPullSecret } from "../../test/cluster/pods.ts";
import { compiledC } from "../../test/support/programs.ts";
import { REGION } from "../../test/support/world.ts";
import { type Case, interleave, type Measurement } from "../interleave.ts";
import { pushInjector, pushProgram } from "./images.ts";
import { NAMES } from "./names.ts";
import type { Order } from "./order.ts";
import { partsOf } from "./parts.ts";
import {
  addressOfWebhook,
  type Images,
  type KindOfPod,
  kindsOfPods,
  NAMESPACE,
  podOf,
  SECRET,
  VALUE,
} from "./pods.ts";
import { timedStart } from "./start.ts";

const APP = fileURLToPath(new URL("../../demo/app/app.c", import.meta.url));
/** The first pulls the images. */
const WARM_UP_ROUNDS = 2;
/** As it is by default, unlike in the tests. */
const CACHE = { PIGGY_CACHE_TTL: "30s" };

async function measure(order: Order): Promise<readonly Measurement[]> {
  // What a node of the tests copies is copied by no node of anybody's.
  const node = await startOneNode({ snapshotter: "overlayfs" });
  try {
    const installation = await installChart(node, { environment: CACHE });
    try {
      const value = JSON.stringify({ TEST_ENV: VALUE });
      installation.aws.putSecret({ region: REGION, name: SECRET, value });
      await addLiveNamespace(node.cluster, NAMESPACE);
      await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
      const warm = await interleave(await warmCases(node, order), order.rounds, WARM_UP_ROUNDS);
      return [...warm, ...(await interleave(await coldCases(node, order), order.coldRounds, 0))];
    } finally {
      await installation.stop();
    }
  } finally {
    await node.stop();
  }
}

async function warmCases(node: OneNode, { peer }: Order): Promise<readonly Case[]> {
  const app = await pushProgram(node, "team/app", await compiledC(APP, "app"));
  const peerImage = await pushProgram(node, "team/peer", peer);
  const kinds = kindsOfPods(await addressOfWebhook(node));
  const parts = await partsOf(node.cluster, kinds, { app });
  const ofKind = (name: KindOfPod, images: Images) => () => podOf(kinds[name], images);
  const pods = {
    plain: ofKind("plain", { app }),
    ...parts,
    image: ofKind("image", { app }),
    init: ofKind("init", { app }),
    limited: ofKind("limited", { app }),
    peer: ofKind("peer", { app, injector: peerImage }),
  };
  return (["plain", "volumes", "injector", "image", "init", "limited", "peer"] as const).map((name) => ({
    name: NAMES[name],
    once: () => timedStart(node.cluster, pods[name]()),
  }));
}

async function coldCases(node: OneNode, { peer, context }: Order): Promise<readonly Case[]> {
  const app = await compiledC(APP, "app");
  const kinds = kindsOfPods(await addressOfWebhook(node));
  const injectorFor = {
    plain: async () => undefined,
    image: (stamp: string) => pushInjector(node, context, stamp),
    init: (stamp: string) => pushInjector(node, context, stamp),
    peer: (stamp: string) => pushProgram(node, "team/peer", peer, stamp),
  };
  const names = {
    plain: NAMES.coldPlain,
    image: NAMES.coldImage,
    init: NAMES.coldInit,
    peer: NAMES.coldPeer,
  };
  return (["plain", "image", "init", "peer"] as const).map((name) => ({
    name: names[name],
    async once() {
      const stamp = crypto.randomUUID();
      const injector = await injectorFor[name](stamp);
      const images = {
        app: await pushProgram(node, "team/app", app, stamp),
        ...(injector === undefined ? {} : { injector }),
      };
      return timedStart(node.cluster, podOf(kinds[name], images));
    },
  }));
}

const order: Order = JSON.parse(process.argv[2] ?? "");
await writeFile(order.output, JSON.stringify(await measure(order)));
