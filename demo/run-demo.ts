/** One demo from manifest to running process: the API server's part, the kubelet's part, and what was seen on the way. */
import { fileURLToPath } from "node:url";
import { compiledC } from "../test/support/programs.ts";
import { startWorld, type World } from "../test/support/world.ts";
import type { Demo } from "./demos.ts";
import { DEMO_IMAGE, readManifests } from "./manifests.ts";

/** What the image's ENTRYPOINT names, found through its PATH. */
const PROGRAM = "piggy-demo";

export interface DemoRun {
  readonly demo: Demo;
  readonly before: object;
  readonly after: object;
  readonly warnings: readonly string[];
  readonly requests: readonly string[];
  /** What the application must find, and what it printed. */
  readonly expected: Readonly<Record<string, string>>;
  readonly found: Readonly<Record<string, string>>;
  readonly processId: string;
  /** From the start of the container's process to the application's first instruction. */
  readonly milliseconds: number;
  /** The same for the application alone, right after. */
  readonly millisecondsAlone: number;
}

/** @throws Error when the Pod is denied or its container fails, with what it said. */
export async function runDemo(demo: Demo): Promise<DemoRun> {
  const program = await compiledC(fileURLToPath(new URL("app/app.c", import.meta.url)), PROGRAM);
  const { pod, others, environment } = await readManifests(demo.name);
  const world = await startWorld({ environment });
  try {
    return await runIn(world, demo, { pod, others, program });
  } finally {
    await world.stop();
  }
}

interface Cast {
  readonly pod: object;
  readonly others: readonly object[];
  readonly program: string;
}

async function runIn(world: World, demo: Demo, { pod, others, program }: Cast): Promise<DemoRun> {
  const { kubernetes, aws, registry } = world;
  registry.pushImage(...repositoryAndTag(DEMO_IMAGE), { Entrypoint: [PROGRAM] });
  const expected = demo.fill(aws, kubernetes);
  for (const object of others) kubernetes.add(object);

  // The demo has a registry of its own, so the image's name gets its host in front.
  const image = `${registry.host}/${DEMO_IMAGE}`;
  const submitted: object = JSON.parse(JSON.stringify(pod).replaceAll(DEMO_IMAGE, image));
  const created = await kubernetes.createPod(submitted);
  if (!created.allowed) throw new Error(created.status.message);
  const before = Reflect.get(created.review.request, "object");

  const folder = program.slice(0, program.lastIndexOf("/"));
  const kubelet = await world.kubelet({
    [image]: {
      program,
      entrypoint: [PROGRAM],
      paths: { "/usr/local/bin": folder },
      // Where this image's AWS clients find AWS.
      env: { PATH: "/usr/local/bin", AWS_ENDPOINT_URL: aws.url },
    },
  });
  const run = await kubelet.run(created.pod);
  const containers = [...run.initContainers, ...run.containers];
  const failed = containers.find((container) => container.exitCode !== 0);
  if (failed)
    throw new Error(
      `container ${failed.name} ended with ${failed.exitCode}: ${failed.error ?? failed.stderr}`,
    );
  const [container] = run.containers;
  if (container === undefined) throw new Error("no container ran");

  const printed = parseOutput(container.stdout);
  const { process: processId = "", "first-instruction": firstInstruction = "", ...found } = printed;
  return {
    demo,
    before,
    after: created.pod,
    warnings: created.warnings,
    requests: requestsOf(world),
    expected,
    found,
    processId,
    milliseconds: Number(firstInstruction) * 1000 - (performance.timeOrigin + container.startedAt),
    millisecondsAlone: await startAlone(program),
  };
}

function repositoryAndTag(image: string): [repository: string, tag: string] {
  const colon = image.lastIndexOf(":");
  return [image.slice(0, colon), image.slice(colon + 1)];
}

function parseOutput(stdout: string): Readonly<Record<string, string>> {
  const lines = stdout.trimEnd().split("\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

async function startAlone(program: string): Promise<number> {
  const startedAt = performance.now();
  const child = Bun.spawn([program], { env: {}, stdout: "pipe" });
  const printed = parseOutput(await child.stdout.text());
  await child.exited;
  return Number(printed["first-instruction"]) * 1000 - (performance.timeOrigin + startedAt);
}

/** Who asked whom for what, in the order of each one's own log. */
function requestsOf({ kubernetes, aws, registry }: World): readonly string[] {
  const toKubernetes = kubernetes.requests.map(
    ({ method, path, status }) => `Kubernetes  ${method} ${path}  ${status}`,
  );
  const toRegistry = registry.requests.map(
    ({ method, path, status }) => `registry    ${method} ${path}  ${status}`,
  );
  const toAws = aws.requests.map(
    ({ service, action, region, accessKeyId, status }) =>
      `AWS         ${service} ${action}${region ? ` in ${region}` : ""}${accessKeyId ? ` as ${accessKeyId.slice(0, 11)}…` : ""}  ${status}`,
  );
  return [...toRegistry, ...toKubernetes, ...toAws];
}
