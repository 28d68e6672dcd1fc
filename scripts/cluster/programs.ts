/** Everything that a cluster with a node is made of, so that the tests that start one need not wait for it. */
import { motoPackages } from "../moto/moto.ts";
import { certManager } from "./cert-manager.ts";
import { containerdPrograms, networkPlugins } from "./containerd.ts";
import { debianProgram } from "./debian-programs.ts";
import { etcdProgram } from "./etcd.ts";
import { hclProgram } from "./hcl.ts";
import { helmProgram, kubeconformProgram } from "./helm.ts";
import { kubernetesProgram } from "./kubernetes.ts";
import { orasProgram } from "./oras.ts";
import { registryProgram } from "./registry.ts";
import { schemaLocation } from "./schemas.ts";

const OF_KUBERNETES = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const;

/** One after the other: each build takes what the machine has. @throws Error that says what is missing */
export async function prepareNode(): Promise<void> {
  for (const name of ["crun", "iptables", "buildah", "busybox-static"] as const) await debianProgram(name);
  await etcdProgram();
  await registryProgram();
  for (const name of OF_KUBERNETES) await kubernetesProgram(name);
  await containerdPrograms();
  await networkPlugins();
  await helmProgram();
  await kubeconformProgram();
  await orasProgram();
  await hclProgram();
  await certManager();
  await schemaLocation();
  await motoPackages();
}
