/** The first round: everything on loopback, no network in between. */
import { REGION, startWorld } from "../../test/support/world.ts";
import { interleave, type Measurement } from "../interleave.ts";
import { type Start, startCase } from "../start.ts";
import { admit, SECRET, WITH_SECRET } from "./admitted.ts";
import { type StandaloneWorld, startStandaloneWorld } from "./aws.ts";
import type { Order } from "./far.ts";
import { NAMES } from "./names.ts";
import type { Programs } from "./programs.ts";
import { webhookCase } from "./webhook-alone.ts";

type Environment = Readonly<Record<string, string>>;

/** @param vals its path; without it, everything else is measured */
export async function measureNear(
  { programs, directory, rounds }: Order,
  vals?: string,
): Promise<readonly Measurement[]> {
  const world = await startWorld();
  try {
    const admitted = await admit(world, programs, directory);
    const aws = await startStandaloneWorld(world, directory);
    try {
      const standalone = standaloneStarts(programs, aws, vals);
      const { target, piggyEnv, launcherOfTarget, run } = programs;
      const starts: Readonly<Record<string, Start>> = {
        [NAMES.target]: { argv: [target], environment: {} },
        [NAMES.launcher]: { argv: [launcherOfTarget, "--", target], environment: {} },
        [NAMES.nothing]: {
          argv: [piggyEnv, "--", target, "TEST_ENV=plain"],
          environment: { TEST_ENV: "plain" },
        },
        [NAMES.proxy]: admitted.ours,
        [NAMES.proxyGo]: admitted.peer,
        [NAMES.proxyGoVerified]: admitted.verifyingPeer,
        ...standalone,
      };
      const cases = Object.entries(starts).map(([name, start]) => startCase(name, run, start));
      const webhook = await webhookCase(NAMES.webhook, world, admitted.ours);
      return await interleave([...cases, webhook], rounds);
    } finally {
      await aws.stop();
    }
  } finally {
    await world.stop();
  }
}

function standaloneStarts(
  { target, piggyEnv, peer }: Programs,
  { keys, role, caFile, goRoots, valsFile }: StandaloneWorld,
  vals: string | undefined,
): Readonly<Record<string, Start>> {
  const asked = {
    TEST_ENV: "piggy:TEST_ENV",
    PIGGY_STANDALONE: "true",
    PIGGY_AWS_SECRET_NAME: SECRET,
    PIGGY_AWS_REGION: REGION,
  };
  const ours = (identity: Environment): Start => ({
    argv: [piggyEnv, "--", target, WITH_SECRET],
    environment: { ...asked, ...identity, AWS_CA_BUNDLE: caFile },
  });
  const go = (identity: Environment, roots: Environment): Start => ({
    argv: [peer, "--", target, WITH_SECRET],
    environment: { ...asked, ...identity, ...roots },
  });
  const inVals = (name: string, identity: Environment): Readonly<Record<string, Start>> => {
    if (vals === undefined) return {};
    const argv = [vals, "exec", "-f", valsFile, "--", target, WITH_SECRET];
    return { [name]: { argv, environment: { ...identity, ...goRoots.debian } } };
  };
  return {
    [NAMES.keys]: ours(keys),
    [NAMES.keysGo]: go(keys, goRoots.debian),
    [NAMES.keysGoBundle]: go(keys, goRoots.bundle),
    [NAMES.keysGoFewRoots]: go(keys, goRoots.few),
    ...inVals(NAMES.keysVals, keys),
    [NAMES.role]: ours(role),
    [NAMES.roleGo]: go(role, goRoots.debian),
    [NAMES.roleGoBundle]: go(role, goRoots.bundle),
    ...inVals(NAMES.roleVals, role),
  };
}
