/** cert-manager: its controllers and its CA injector, as one program, and the definitions of its kinds. */
import { join } from "node:path";
import { goPrograms } from "./go-programs.ts";

export interface CertManager {
  /** The program's path. */
  readonly program: string;
  /** The folder of its CustomResourceDefinitions, as YAML. */
  readonly definitions: string;
}

/** @throws Error that says what is missing */
export async function certManager(): Promise<CertManager> {
  const folder = await goPrograms({
    name: "cert-manager",
    folder: "cert-manager",
    module: "github.com/cert-manager/cert-manager",
    packages: ["."],
    files: "deploy/crds",
  });
  return { program: join(folder, "cert-manager"), definitions: join(folder, "crds") };
}
