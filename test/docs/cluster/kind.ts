/** Stands for `kind` where pages are followed: the cluster is there before it is made, and stays. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBuildah } from "../../../scripts/images/buildah.ts";
import { loadImage } from "../../cluster/containerd.ts";

const [store = "", containerd = "", ...command] = process.argv.slice(2);
const [verb, what, ...images] = command;
switch (`${verb} ${what}`) {
  case "create cluster":
  case "delete cluster":
    break;
  case "load docker-image":
    for (const image of images) await load(image);
    break;
  default:
    throw new Error(`kind ${command.join(" ")} is not what a test can do`);
}

async function load(image: string): Promise<void> {
  const buildah = await createBuildah(store);
  const folder = await mkdtemp(join(tmpdir(), "piggy-kind-"));
  try {
    const archive = join(folder, "image.tar");
    await buildah.run("push", image, `docker-archive:${archive}:${image}`);
    await loadImage(containerd, "native", archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
