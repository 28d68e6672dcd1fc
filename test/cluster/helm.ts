/** The real Helm, at a cluster of the tests. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { helmProgram } from "../../scripts/cluster/helm.ts";
import type { Cluster } from "../apiserver/cluster.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";
import { writeKubeconfig } from "./control-plane.ts";

export const CHART = fileURLToPath(new URL("../../charts/piggy-webhooks", import.meta.url));

export interface Helm {
  /** Runs one of its commands to the end. @throws Error with what it said, unless it went well */
  run(...command: readonly string[]): Promise<string>;
  /** Likewise; what it also says to whoever looks on, such as the log of a test, is in the answer too. */
  runAloud(...command: readonly string[]): Promise<string>;
  /** Values as a file, for `--values`. */
  values(values: object): Promise<string>;
}

export async function createHelm(cluster: Cluster): Promise<Helm> {
  const folder = await mkdtemp(join(cluster.directory, "helm-"));
  const program = await helmProgram();
  const environment = { HOME: folder, KUBECONFIG: await writeKubeconfig(cluster, "admin") };
  let files = 0;
  const end = (command: readonly string[]) => runPlainly([program, ...command], environment);
  return {
    run: async (...command) => outputOf(await end(command)),
    async runAloud(...command) {
      const ended = await end(command);
      return outputOf(ended) + ended.stderr;
    },
    async values(values) {
      files += 1;
      const file = join(folder, `values-${files}.json`);
      await writeFile(file, JSON.stringify(values));
      return file;
    },
  };
}

export function outputOf({ exitCode, stdout, stderr }: Ended): string {
  if (exitCode === 0) return stdout;
  throw new Error(`ended with ${exitCode}:\n${stdout}${stderr}`);
}
