/** `piggy-webhooks explain`: wires the rooms together for one question about manifests. Loaded for it alone. */
import { readFile } from "node:fs/promises";
import type { AdmissionWorld } from "./lib/admission/admit.ts";
import { type Reachable, runExplain } from "./lib/explain/command.ts";
import type { ExplainOptions } from "./lib/explain/command-line.ts";
import type { Lookups } from "./lib/kubernetes/lookups.ts";
import { readSettings } from "./lib/read-settings.ts";
import type { Environment, Settings } from "./lib/settings.ts";
import { version } from "./package.json";

/** As the server wires it; the look-ups are undefined where there is no cluster. */
export type WireImages = (
  settings: Settings,
  lookups: Lookups | undefined,
) => Promise<AdmissionWorld["readImageCommand"]>;

/** @returns the exit code */
export function explain(
  args: readonly string[],
  environment: Environment,
  wireImages: WireImages,
): Promise<number> {
  return runExplain(args, {
    environment,
    version,
    readFile: (path) => readFile(path, "utf8"),
    readInput: () => Bun.stdin.text(),
    isTerminal: process.stdout.isTTY === true,
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    reach: (options, webhookEnvironment) => reach(options, webhookEnvironment, wireImages),
  });
}

async function reach(
  { offline }: ExplainOptions,
  environment: Environment,
  wireImages: WireImages,
): Promise<Reachable> {
  const { settings } = readSettings({ annotations: {}, environment });
  return {
    cluster: undefined,
    namespace: undefined,
    readImageCommand: offline ? undefined : await wireImages(settings, undefined),
  };
}
