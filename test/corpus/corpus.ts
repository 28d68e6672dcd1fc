/** Pods in the shapes that the ecosystem ships, one a file, and the objects that they name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import objects from "./objects.json";

const PODS = join(import.meta.dir, "pods");

export interface CorpusPod {
  /** The file's, without its ending. */
  readonly name: string;
  readonly pod: Pod;
}

export const corpusPods: readonly CorpusPod[] = readdirSync(PODS)
  .filter((file) => file.endsWith(".yaml"))
  .sort()
  .map((file) => ({
    name: file.replace(/\.yaml$/, ""),
    pod: parsePod(parse(readFileSync(join(PODS, file), "utf8")), file),
  }));

/** Namespaces, ServiceAccounts and what else has to be there before the Pods. */
export const corpusObjects: readonly object[] = objects.items;
