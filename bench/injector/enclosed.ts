/**
 * The second round, from inside: the webhook is behind a relay, and its name is resolved as in a cluster. It reads its
 * Order from its argument and prints its measurements as JSON.
 */
import { lookup } from "node:dns/promises";
import { startWorld } from "../../test/support/world.ts";
import { type Case, interleave, type Measurement } from "../interleave.ts";
import { timed } from "../start.ts";
import { type Admitted, admit } from "./admitted.ts";
import { ONE_WAY_MICROSECONDS, SERVICE_NAME } from "./distance.ts";
import type { Order } from "./far.ts";
import { NAMES } from "./names.ts";
import type { Programs } from "./programs.ts";

const WEBHOOK_PORT = 8443;
/** Where a Service of HTTPS listens. */
const SERVICE_PORT = 443;
const ROUND_TRIP = String(2 * ONE_WAY_MICROSECONDS);

interface Helper {
  stop(): Promise<void>;
}

/** Starts a program that prints a line when it listens. */
async function startHelper(argv: readonly string[]): Promise<Helper> {
  const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const { done } = await child.stdout.getReader().read();
  if (done) throw new Error(`${argv[0]} does not listen`);
  return {
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

async function measure({ programs, directory, rounds }: Order): Promise<readonly Measurement[]> {
  const { relay, target, run } = programs;
  const service = {
    LISTEN_ADDRESS: `127.0.0.1:${WEBHOOK_PORT}`,
    PIGGY_WEBHOOKS_SERVICE_HOST: "127.0.0.1",
    PIGGY_WEBHOOKS_SERVICE_PORT: String(SERVICE_PORT),
  };
  const world = await startWorld({ environment: service });
  const helpers = [
    await startHelper([relay, String(SERVICE_PORT), String(WEBHOOK_PORT), String(ONE_WAY_MICROSECONDS)]),
  ];
  try {
    const admitted = await admit(world, programs, directory, `https://${SERVICE_NAME}`);
    return await interleave(
      [
        { name: NAMES.farTarget, once: () => timed(run, { argv: [target], environment: {} }) },
        ...farCases(admitted, programs),
      ],
      rounds,
    );
  } finally {
    await Promise.all(helpers.map((helper) => helper.stop()));
    await world.stop();
  }
}

function farCases({ ours, peer }: Admitted, { resolver, run }: Programs): readonly Case[] {
  const withResolver = (roundTrip: string) => async () => {
    const helper = await startHelper([resolver, SERVICE_NAME, roundTrip]);
    try {
      // Its first answers are slower than all others.
      await lookup(SERVICE_NAME);
      return await timed(run, peer);
    } finally {
      await helper.stop();
    }
  };
  const byAddress = { ...peer.environment, PIGGY_ADDRESS: `https://127.0.0.1:${SERVICE_PORT}` };
  return [
    { name: NAMES.farProxy, once: () => timed(run, ours) },
    // The cluster's DNS is a Service like the webhook, and as far away.
    { name: NAMES.farProxyGo, once: withResolver(ROUND_TRIP) },
    // On some clusters each node has a cache of its own.
    { name: NAMES.farProxyGoNearName, once: withResolver("0") },
    { name: NAMES.farProxyGoAddress, once: () => timed(run, { ...peer, environment: byAddress }) },
  ];
}

const order: Order = JSON.parse(process.argv[2] ?? "");
console.log(JSON.stringify(await measure(order)));
