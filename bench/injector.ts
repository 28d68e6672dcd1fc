/** From the start of a container's process to the end of its program, with and without piggy-env in front. */
import { fileURLToPath } from "node:url";
import { compiledC, piggyEnv } from "../test/support/programs.ts";
import { REGION, startWorld } from "../test/support/world.ts";
import { type Case, formatMeasurements, interleave } from "./interleave.ts";

const ROUNDS = 40;
const SECRET = "bench/default";
const KEY = { accessKeyId: "AKIABENCH00000000000", secretAccessKey: "bench" } as const;

/** A container's process: what is run, with exactly which environment. */
interface Start {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

function startCase(name: string, { argv, environment }: Start): Case {
  return {
    name,
    async once() {
      const startedAt = performance.now();
      const child = Bun.spawn([...argv], { env: { ...environment }, stdout: "ignore", stderr: "pipe" });
      const code = await child.exited;
      const time = performance.now() - startedAt;
      if (code !== 0) throw new Error(`${name} ended with ${code}: ${await child.stderr.text()}`);
      return time;
    },
  };
}

export async function benchInjector(): Promise<void> {
  const target = await compiledC(fileURLToPath(new URL("target.c", import.meta.url)), "target");
  const injector = await piggyEnv();
  const world = await startWorld();
  try {
    world.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: "value" }) });
    world.aws.addUser(KEY);
    const wrapped = [injector, "--", target];
    const measurements = await interleave(
      [
        startCase("target alone", { argv: [target], environment: {} }),
        startCase("nothing to resolve", { argv: wrapped, environment: { TEST_ENV: "plain" } }),
        startCase("proxy, verified TLS", await admittedStart(world, injector, target)),
        startCase("standalone, static keys, plain HTTP", {
          argv: wrapped,
          environment: {
            TEST_ENV: "piggy:TEST_ENV",
            PIGGY_STANDALONE: "true",
            PIGGY_AWS_SECRET_NAME: SECRET,
            PIGGY_AWS_REGION: REGION,
            AWS_ENDPOINT_URL: world.aws.url,
            AWS_ACCESS_KEY_ID: KEY.accessKeyId,
            AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
          },
        }),
      ],
      ROUNDS,
    );
    console.log(
      `milliseconds of a whole process, ${ROUNDS} runs of each in turns; AWS and the API server are fakes\n`,
    );
    console.log(formatMeasurements(measurements));
  } finally {
    await world.stop();
  }
}

/** A container as admission and the kubelet make it, kept so that it can be started again and again. */
async function admittedStart(
  world: Awaited<ReturnType<typeof startWorld>>,
  injector: string,
  target: string,
): Promise<Start> {
  const image = "bench/target:1";
  const created = await world.kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "bench", name: "bench", annotations: { "piggysec.com/aws-secret-name": SECRET } },
    spec: {
      containers: [
        { name: "app", image, command: [target], env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }] },
      ],
    },
  });
  if (!created.allowed) throw new Error(created.status.message);
  const kubelet = await world.kubelet({ [image]: { program: target } });
  const { containers } = await kubelet.run(created.pod);
  const [container] = containers;
  if (container?.exitCode !== 0) throw new Error(`the admitted container failed: ${container?.stderr}`);
  return { argv: [injector, ...container.argv.slice(1)], environment: container.environment };
}
