/** A demo's manifests, as a cluster would take them. */
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The application's image, as the manifests name it. */
export const DEMO_IMAGE = "piggysec/piggy-demo:1.0.0";

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

export interface Manifests {
  readonly pod: Manifest;
  /** Everything else, to be created before it. */
  readonly others: readonly Manifest[];
  /** What the chart would put into the webhook's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function readManifests(name: string): Promise<Manifests> {
  const folder = fileURLToPath(new URL(name, import.meta.url));
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  const read = async (file: string) => parse(await Bun.file(`${folder}/${file}`).text());
  const objects: Manifest[] = await Promise.all(files.filter((file) => file !== "values.yaml").map(read));
  const pod = objects.find((object) => object.kind === "Pod");
  if (pod === undefined) throw new Error(`${folder} has no Pod`);
  const values: { env?: Record<string, string> } = files.includes("values.yaml")
    ? await read("values.yaml")
    : {};
  return { pod, others: objects.filter((object) => object !== pod), environment: values.env ?? {} };
}
