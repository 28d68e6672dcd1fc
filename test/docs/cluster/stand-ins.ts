/** The programs that pages have their readers call, with the test's own cluster behind them. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { helmProgram } from "../../../scripts/cluster/helm.ts";
import { kubernetesProgram } from "../../../scripts/cluster/kubernetes.ts";
import type { OneNode } from "../../cluster/one-node.ts";

/** These two are ours: there is no Docker here, and the cluster that `kind` would make is there already. */
const STAND_INS = ["docker", "kind"] as const;

/** The folder of them, to be first in PATH. */
export async function writeStandIns({ directory, store, containerd }: OneNode): Promise<string> {
  const folder = join(directory, "stand-ins");
  await mkdir(folder);
  await symlink(await helmProgram(), join(folder, "helm"));
  await symlink(await kubernetesProgram("kubectl"), join(folder, "kubectl"));
  for (const name of STAND_INS) {
    const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    const lines = ["#!/bin/sh", `exec '${process.execPath}' '${script}' '${store}' '${containerd}' "$@"`, ""];
    await writeFile(join(folder, name), lines.join("\n"), { mode: 0o755 });
  }
  return folder;
}
