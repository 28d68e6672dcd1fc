/** `piggy-webhooks explain`: wires the rooms together for one question about manifests. Loaded for it alone. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { judgeCluster, type Verdict } from "./lib/admission/delivery/image-volumes.ts";
import type { AdmissionWorld } from "./lib/admission/world.ts";
import { asPiggyError, PiggyError } from "./lib/error.ts";
import { type Reachable, runExplain } from "./lib/explain/command.ts";
import type { ExplainOptions } from "./lib/explain/command-line.ts";
import { createKubernetesClient, type KubernetesClient } from "./lib/kubernetes/client.ts";
import { createClusterReader } from "./lib/kubernetes/cluster.ts";
import { readClusterConfig } from "./lib/kubernetes/config.ts";
import {
  type Connection,
  defaultFile,
  type KubeconfigQuery,
  namedFiles,
  readKubeconfig,
} from "./lib/kubernetes/kubeconfig.ts";
import { createLookups, type Lookups } from "./lib/kubernetes/lookups.ts";
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
    writeOut: (text) => write(process.stdout, text),
    writeError: (text) => write(process.stderr, text),
    reach: (options, webhookEnvironment) => reach(options, webhookEnvironment, wireImages),
  });
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => void stream.write(text, () => resolve()));
}

async function reach(
  options: ExplainOptions,
  environment: Environment,
  wireImages: WireImages,
): Promise<Reachable> {
  if (options.offline) return { cluster: undefined, namespace: undefined, readImageCommand: undefined };
  const { settings } = readSettings({ annotations: {}, environment });
  const connection = await connect(options, environment, settings);
  if (connection === undefined) {
    return {
      cluster: undefined,
      namespace: undefined,
      readImageCommand: await wireImages(settings, undefined),
    };
  }
  const client = createKubernetesClient(connection.server, connection.token);
  const lookups = createLookups(client);
  return {
    cluster: {
      name: connection.name,
      readObject: lookups.readObject,
      imageVolumes: await look(client, connection.name),
    },
    namespace: connection.namespace,
    readImageCommand: await wireImages(settings, lookups),
  };
}

interface NamedConnection extends Pick<Connection, "server" | "token" | "namespace"> {
  readonly name: string;
}

/** The cluster that is named, else the one that we run in, else the one of the home; undefined where there is none. */
async function connect(
  { kubeconfig, context }: ExplainOptions,
  environment: Environment,
  settings: Settings,
): Promise<NamedConnection | undefined> {
  const query: KubeconfigQuery = { file: kubeconfig, context, environment };
  const named = namedFiles(query);
  if (named === undefined && environment["KUBERNETES_SERVICE_HOST"]) {
    const server = await readClusterConfig(environment, settings["piggy-service-account-dir"]);
    return { name: "the cluster that this runs in", server, token: undefined, namespace: server.namespace };
  }
  const home = defaultFile(query);
  const files = named ?? (home !== undefined && existsSync(home) ? [home] : []);
  if (files.length === 0) return undefined;
  const connection = await readKubeconfig(files, query);
  return { ...connection, name: `context ${connection.context} of ${files.join(", ")}` };
}

const LOOK_MS = 30_000;

/** The first that is asked of a cluster: whether it answers, and how. */
async function look(client: KubernetesClient, name: string): Promise<Verdict> {
  try {
    return await judgeCluster(createClusterReader(client), AbortSignal.timeout(LOOK_MS));
  } catch (cause) {
    const { code, message } = asPiggyError(cause, "kubernetes_unavailable");
    throw new PiggyError(code, `${name}: ${message}; --offline explains without it`, { cause });
  }
}
