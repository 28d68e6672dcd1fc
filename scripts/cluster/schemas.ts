/** What manifests look like in each version of Kubernetes: JSON schemas, from a package of Python's. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, run } from "../bundle/cache.ts";
import pins from "../bundle/pins.json" with { type: "json" };

const SCHEMAS = "kubernetes_validate/kubernetes-json-schema";

/** Where kubeconform finds the schema of an object, for its option -schema-location. @throws Error with what pip said */
export async function schemaLocation(): Promise<string> {
  const { version, sha256 } = pins.schemas;
  const folder = await cached(`kubernetes-schemas-${version}`, async (work) => {
    await Bun.write(
      join(work, "requirements.txt"),
      `kubernetes-validate==${version} --hash=sha256:${sha256}\n`,
    );
    const options = ["--quiet", "--no-deps", "--require-hashes", "--target", work];
    await run(["python3", "-m", "pip", "install", ...options, "-r", join(work, "requirements.txt")]);
    for (const name of await readdir(join(work, SCHEMAS))) await makeRelative(join(work, SCHEMAS, name));
  });
  const file = "{{.NormalizedKubernetesVersion}}-local-strict/{{.ResourceKind}}{{.KindSuffix}}.json";
  return join(folder, SCHEMAS, file);
}

/** The schemas refer to one another by where their package would be served from. */
async function makeRelative(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const { $id: _, ...schema } = JSON.parse(await readFile(join(folder, name), "utf8"));
    const text = JSON.stringify(schema).replaceAll('"/api/_definitions.json', '"_definitions.json');
    await writeFile(join(folder, name), text);
  }
}
