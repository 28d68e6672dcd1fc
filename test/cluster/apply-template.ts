/** What whoever keeps manifests in Git does: `kubectl apply` of what `helm template` says. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kubernetesProgram } from "../../scripts/cluster/kubernetes.ts";
import type { Cluster } from "../apiserver/cluster.ts";
import { runPlainly } from "../support/run-plainly.ts";
import { writeKubeconfig } from "./control-plane.ts";
import { type Helm, outputOf } from "./helm.ts";
import { OWN_NAMESPACE, RELEASE } from "./installation.ts";

/** @param options of `kubectl apply` */
export async function applyTemplate(
  cluster: Cluster,
  helm: Helm,
  chart: string,
  values: object,
  options: readonly string[] = [],
): Promise<void> {
  const place = ["--namespace", OWN_NAMESPACE];
  const file = join(cluster.directory, "manifests.yaml");
  const from = ["--skip-tests", "--values", await helm.values(values)];
  await writeFile(file, await helm.run("template", RELEASE, chart, ...place, ...from));
  await runKubectl(cluster, "apply", ...place, "--filename", file, ...options);
}

/** As an administrator. @throws Error with what it said, unless it went well */
export async function runKubectl(cluster: Cluster, ...command: readonly string[]): Promise<string> {
  const environment = { KUBECONFIG: await writeKubeconfig(cluster, "admin") };
  return outputOf(await runPlainly([await kubernetesProgram("kubectl"), ...command], environment));
}
