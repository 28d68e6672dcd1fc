/** A release of what is tested, made and pushed by `npm run release` as an operator's registry gets it. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../package.json" with { type: "json" };
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { CACHE, run } from "../../scripts/bundle/cache.ts";
import { ARCHITECTURES, contentOf, IMAGES, type ImageName } from "../../scripts/images/images.ts";
import { BILL_OF_MATERIALS } from "../../scripts/inventory/inventory.ts";
import { runPlainly } from "../support/run-plainly.ts";
import { outputOf } from "./helm.ts";
import { imageContext } from "./installation.ts";
import type { OneNode } from "./one-node.ts";

const PACKAGE = `piggy-webhooks-${version}.tgz`;
const SCRIPT = fileURLToPath(new URL("../../scripts/release.ts", import.meta.url));

export interface Released {
  /** HOST:PORT/PATH that it was pushed to. */
  readonly registry: string;
  /** Of the index, by image. */
  readonly digests: Readonly<Record<ImageName, string>>;
  /** Of what a node of this machine's architecture runs. */
  readonly platformDigests: Readonly<Record<ImageName, string>>;
  /** The folder of chart and index. */
  readonly charts: string;
  readonly package: string;
  readonly packageDigest: string;
  /** Of the chart in the registry. */
  readonly chartDigest: string;
  /** The bill of materials of an image for this machine's architecture. */
  readonly billOfMaterials: (name: ImageName) => string;
}

export async function makeReleased({ registry, directory, dockerConfig }: OneNode): Promise<Released> {
  const context = await contextOfBoth(directory);
  const docker = await mkdtemp(join(directory, "docker-"));
  await writeFile(join(docker, "config.json"), dockerConfig);
  const place = `${registry.host}/piggysec`;
  const environment = {
    PATH: process.env["PATH"],
    HOME: directory,
    TMPDIR: directory,
    PIGGY_BUILD_CACHE: CACHE,
    DOCKER_CONFIG: docker,
    SSL_CERT_FILE: registry.caFile,
    SOURCE_DATE_EPOCH: "1000000000",
  };
  const command = [process.execPath, SCRIPT, "--push", place, "--context", context];
  const said = outputOf(await runPlainly(command, environment));
  const found = (pattern: string) => {
    const digest = new RegExp(`^${pattern}(sha256:[0-9a-f]{64})`, "m").exec(said)?.[1];
    if (digest === undefined) throw new Error(`npm run release names no digest of ${pattern}:\n${said}`);
    return digest;
  };
  const ofBoth = (find: (name: ImageName) => string) => ({
    "piggy-webhooks": find("piggy-webhooks"),
    "piggy-env": find("piggy-env"),
  });
  const charts = join(context, "dist/release/charts");
  return {
    registry: place,
    digests: ofBoth((name) => found(`${name}@`)),
    platformDigests: ofBoth((name) => found(`${name}@.*\n(?: .*\n)*? +${ownArchitecture} +`)),
    charts,
    package: join(charts, PACKAGE),
    packageDigest: found(`dist/release/charts/${PACKAGE} +`),
    chartDigest: found(`oci://${place}/charts/piggy-webhooks@`),
    billOfMaterials: (name) => join(context, "dist", contentOf(name, ownArchitecture), BILL_OF_MATERIALS),
  };
}

/** A folder as npm run build leaves it; what nothing here could run has a text in place of each program. */
async function contextOfBoth(directory: string): Promise<string> {
  const context = await mkdtemp(join(directory, "release-"));
  await mkdir(join(context, "dist"));
  await run(["cp", "-a", join(imageContext(), "dist", ownArchitecture), join(context, "dist")]);
  for (const architecture of ARCHITECTURES.filter((each) => each !== ownArchitecture)) {
    for (const name of IMAGES) {
      const folder = join(context, "dist", contentOf(name, architecture));
      await mkdir(folder, { recursive: true });
      for (const file of [name, BILL_OF_MATERIALS]) await writeFile(join(folder, file), architecture);
    }
  }
  return context;
}
