/** A container as admission and the kubelet make it, kept so that it can be started again and again. */
import { startKubelet } from "../../test/fakes/kubelet.ts";
import { PIGGY_ENV_IMAGE, REGION, type World } from "../../test/support/world.ts";
import type { Start } from "../start.ts";
import type { Programs } from "./programs.ts";

export const NAMESPACE = "bench";
export const SECRET = "bench/default";
export const VALUES = JSON.stringify({ TEST_ENV: "value" });
/** The argument by which the target ends with 1 unless it got the secret. */
export const WITH_SECRET = "TEST_ENV=value";

const IMAGE = "bench/target:1";

export interface Admitted {
  readonly ours: Start;
  readonly peer: Start;
  readonly verifyingPeer: Start;
}

/** `address` is the annotation piggy-address; without it the webhook names its own. */
export async function admit(
  world: World,
  { target, piggyEnv, peer }: Programs,
  directory: string,
  address?: string,
): Promise<Admitted> {
  world.aws.putSecret({ region: REGION, name: SECRET, value: VALUES });
  const created = await world.kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: NAMESPACE,
      name: "bench",
      annotations: {
        "piggysec.com/aws-secret-name": SECRET,
        ...(address === undefined ? {} : { "piggysec.com/piggy-address": address }),
      },
    },
    spec: {
      containers: [
        {
          name: "app",
          image: IMAGE,
          command: [target, WITH_SECRET],
          env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }],
        },
      ],
    },
  });
  if (!created.allowed) throw new Error(created.status.message);
  const kubelet = startKubelet({
    kubernetes: world.kubernetes,
    directory,
    images: { [PIGGY_ENV_IMAGE]: { program: piggyEnv }, [IMAGE]: { program: target } },
    serviceEnvironment: {},
  });
  const { containers, initContainers } = await kubelet.run(created.pod);
  const [container] = containers;
  if (container?.exitCode !== 0) {
    throw new Error(`the admitted container failed: ${container?.stderr ?? JSON.stringify(initContainers)}`);
  }
  const { environment } = container;
  // The container's own copy is not started again: every case starts what lies beside the others.
  const argv = container.argv.slice(1);
  // In the near round no name of the cluster can be resolved.
  const asked = { ...environment, PIGGY_ADDRESS: address ?? world.url };
  return {
    ours: { argv: [piggyEnv, ...argv], environment },
    peer: { argv: [peer, ...argv], environment: { ...asked, PIGGY_SKIP_VERIFY_TLS: "true" } },
    verifyingPeer: { argv: [peer, ...argv], environment: asked },
  };
}
