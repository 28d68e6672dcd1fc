/** `piggy-webhooks explain`: from a command line to what it prints and the exit code. */
import { asPiggyError, messageOf, PiggyError } from "../error.ts";
import type { Environment } from "../settings.ts";
import { type ExplainOptions, HELP, parseCommandLine } from "./command-line.ts";
import { formatJson } from "./json-output.ts";
import { type Manifests, readManifests } from "./manifests.ts";
import { explainPod, type PodExplanation } from "./pod.ts";
import type { Sources } from "./sources.ts";
import { formatExplanation, painter } from "./text.ts";
import { assumeWebhook } from "./webhook.ts";

export interface Reachable extends Pick<Sources, "cluster" | "readImageCommand"> {
  /** Of objects that name none, where the kubeconfig's context says so. */
  readonly namespace: string | undefined;
}

/** What the command needs of the world. */
export interface ExplainWorld {
  readonly environment: Environment;
  /** The injector's, where no image is named. */
  readonly version: string;
  /** @throws Error when it cannot be read */
  readonly readFile: (path: string) => Promise<string>;
  readonly readInput: () => Promise<string>;
  readonly isTerminal: boolean;
  readonly writeOut: (text: string) => Promise<void>;
  readonly writeError: (text: string) => Promise<void>;
  /** @throws PiggyError when a cluster that was asked for cannot be asked */
  readonly reach: (options: ExplainOptions, environment: Environment) => Promise<Reachable>;
}

const EXIT = { admitted: 0, denied: 1, unusable: 2 } as const;

/** @param args what follows `explain` */
export async function runExplain(args: readonly string[], world: ExplainWorld): Promise<number> {
  try {
    const options = parseCommandLine(args);
    if (options === "help") {
      await world.writeOut(HELP);
      return EXIT.admitted;
    }
    return await explainFiles(options, world);
  } catch (error) {
    const { message } = asPiggyError(error, "manifest_invalid");
    await world.writeError(`piggy-webhooks explain: ${message}\n`);
    return EXIT.unusable;
  }
}

async function explainFiles(options: ExplainOptions, world: ExplainWorld): Promise<number> {
  const texts = await Promise.all(options.files.map((file) => readText(file, world)));
  const { webhookFor, assumptions } = assumeWebhook(options, world.environment, world.version);
  const reachable = await world.reach(options, { ...world.environment, ...options.set });
  const namespace = options.namespace ?? reachable.namespace ?? "default";
  const manifests = texts.map(({ text, from }) => readManifests(text, from, namespace));
  const pods = manifests.flatMap((each) => each.pods);
  if (pods.length === 0) throw noPods(manifests);
  const sources: Sources = { ...reachable, manifests: manifests.flatMap(({ objects }) => objects) };
  const explanations: PodExplanation[] = [];
  for (const manifest of pods) {
    explanations.push(await explainPod(manifest, webhookFor(manifest.pod), sources));
  }
  if (options.json) {
    await world.writeOut(formatJson(explanations, assumptions));
  } else {
    const paint = painter(world.isTerminal && !world.environment["NO_COLOR"]);
    const shown = explanations.map((explanation) => formatExplanation(explanation, paint));
    const circumstances = circumstancesOf(reachable, assumptions).map((line) => `${paint(line)}\n`);
    await world.writeOut(`${shown.join("\n")}\n${circumstances.join("")}`);
  }
  return explanations.every(({ allowed }) => allowed) ? EXIT.admitted : EXIT.denied;
}

async function readText(file: string, world: ExplainWorld) {
  if (file === "-") return { text: await world.readInput(), from: "standard input" };
  try {
    return { text: await world.readFile(file), from: file };
  } catch (cause) {
    throw new PiggyError("manifest_invalid", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

function noPods(manifests: readonly Manifests[]): PiggyError {
  const others = manifests.flatMap(({ aside, objects }) => [...aside, ...objects].map(({ kind }) => kind));
  const found = others.length === 0 ? "nothing in it" : `only ${[...new Set(others)].join(", ")}`;
  return new PiggyError("manifest_invalid", `no Pod, and nothing that makes Pods: there is ${found}`);
}

function circumstancesOf({ cluster, readImageCommand }: Reachable, assumptions: readonly string[]) {
  const registries = readImageCommand === undefined ? "no registry" : "the images' registries";
  return [
    `asked: ${cluster?.name ?? "no cluster"}, ${registries}`,
    ...assumptions.map((assumption) => `assumed: ${assumption}`),
  ];
}
