/** The first round: everything on loopback, no network in between. */
import { REGION, startWorld } from "../../test/support/world.ts";
import { interleave, type Measurement } from "../interleave.ts";
import { type Start, startCase } from "../start.ts";
import { admit, SECRET, WITH_SECRET } from "./admitted.ts";
import { type StandaloneWorld, startStandaloneWorld } from "./aws.ts";
import { NAMES } from "./names.ts";
import type { Programs } from "./programs.ts";
import { webhookCase } from "./webhook-alone.ts";

type Environment = Readonly<Record<string, string>>;

export async function measureNear(
  programs: Programs,
  directory: string,
  rounds: number,
): Promise<readonly Measurement[]> {
  const world = await startWorld();
  try {
    const admitted = await admit(world, programs, directory);
    const aws = await startStandaloneWorld(world, directory);
    try {
      const standalone = standaloneStarts(programs, aws);
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
  { target, piggyEnv, peer, vals }: Programs,
  { keys, role, caFile, goRoots, valsFile }: StandaloneWorld,
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
  const inVals = (identity: Environment): Start => ({
    argv: [vals, "exec", "-f", valsFile, "--", target, WITH_SECRET],
    environment: { ...identity, ...goRoots.debian },
  });
  return {
    [NAMES.keys]: ours(keys),
    [NAMES.keysGo]: go(keys, goRoots.debian),
    [NAMES.keysGoBundle]: go(keys, goRoots.bundle),
    [NAMES.keysGoFewRoots]: go(keys, goRoots.few),
    [NAMES.keysVals]: inVals(keys),
    [NAMES.role]: ours(role),
    [NAMES.roleGo]: go(role, goRoots.debian),
    [NAMES.roleGoBundle]: go(role, goRoots.bundle),
    [NAMES.roleVals]: inVals(role),
  };
}
