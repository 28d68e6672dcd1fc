/** Programs of Kubernetes, all of one version. */
import { join } from "node:path";
import { goPrograms } from "./go-programs.ts";

const VERSION_PACKAGE = "k8s.io/component-base/version";

export type KubernetesProgram =
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "kubectl";

/** The program's path; the first time on a machine takes minutes. @throws Error that says what is missing */
export async function kubernetesProgram(name: KubernetesProgram): Promise<string> {
  const module = "k8s.io/kubernetes";
  const folder = await goPrograms({
    name,
    folder: "kubernetes",
    module,
    packages: [`${module}/cmd/${name}`],
    stamps: (versionOf) => stampsOf(versionOf(module)),
  });
  return join(folder, name);
}

/** A build stamps its version into the program; from modules alone nothing else would. */
function stampsOf(version: string): Readonly<Record<string, string>> {
  const [major = "", minor = ""] = version.slice(1).split(".");
  return {
    [`${VERSION_PACKAGE}.gitVersion`]: version,
    [`${VERSION_PACKAGE}.gitMajor`]: major,
    [`${VERSION_PACKAGE}.gitMinor`]: minor,
    [`${VERSION_PACKAGE}.gitTreeState`]: "clean",
    [`${VERSION_PACKAGE}.buildDate`]: "1970-01-01T00:00:00Z",
  };
}
