/** Helm as it is released, and what holds manifests against the schemas of Kubernetes. */
import { join } from "node:path";
import { goPrograms } from "./go-programs.ts";

const MODULE = "helm.sh/helm/v3";

/** The program's path. @throws Error that says what is missing */
export async function helmProgram(): Promise<string> {
  const folder = await goPrograms({
    name: "helm",
    folder: "helm",
    module: MODULE,
    packages: [`${MODULE}/cmd/helm`],
    stamps: (versionOf) => ({
      [`${MODULE}/internal/version.version`]: versionOf(MODULE),
      ...kubernetesStamps(versionOf("k8s.io/client-go")),
    }),
  });
  return join(folder, "helm");
}

/** What Helm takes a cluster for when it is asked without one: the Kubernetes that its client is of, or else 1.20. */
function kubernetesStamps(client: string): Readonly<Record<string, string>> {
  const minor = client.split(".")[1] ?? "";
  const stamps = ["lint/rules", "chartutil"].flatMap((name) => [
    [`${MODULE}/pkg/${name}.k8sVersionMajor`, "1"],
    [`${MODULE}/pkg/${name}.k8sVersionMinor`, minor],
  ]);
  return Object.fromEntries(stamps);
}

/** The program's path. @throws Error that says what is missing */
export async function kubeconformProgram(): Promise<string> {
  const module = "github.com/yannh/kubeconform";
  const packages = [`${module}/cmd/kubeconform`];
  const folder = await goPrograms({ name: "kubeconform", folder: "kubeconform", module, packages });
  return join(folder, "kubeconform");
}
