/** Pods in the shapes that the ecosystem ships, one a file, and the objects and images that they name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { type Expectation, parseExpectation } from "./expectation.ts";
import images from "./images.json";
import objects from "./objects.json";

const PODS = join(import.meta.dir, "pods");

export interface CorpusPod {
  /** The file's, without its ending. */
  readonly name: string;
  readonly pod: Pod;
}

export interface ExpectedPod extends CorpusPod {
  readonly expectation: Expectation;
}

/** A file is a Pod, or two documents: what is to become of the Pod, and the Pod. */
const files = readdirSync(PODS)
  .filter((file) => file.endsWith(".yaml"))
  .sort()
  .map((file) => {
    const documents = parseAllDocuments(readFileSync(join(PODS, file), "utf8")).map((document) => {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join(", ")}`);
      return document.toJS();
    });
    const said = documents.length > 1 ? parseExpectation(documents.shift(), file) : undefined;
    const [pod, ...others] = documents;
    if (others.length > 0) throw new Error(`${file}: more than two documents`);
    return { name: file.replace(/\.yaml$/, ""), pod: parsePod(pod, file), said };
  });

/** Pods that hold no reference: unchanged as they are, and one may be put into any of their containers. */
export const corpusPods: readonly CorpusPod[] = files.flatMap(({ name, pod, said }) =>
  said === undefined ? [{ name, pod }] : [],
);

/** Pods with the settings and references that somebody gave them, and what is to become of each. */
export const expectedPods: readonly ExpectedPod[] = files.flatMap(({ name, pod, said }) =>
  said === undefined ? [] : [{ name, pod, expectation: said }],
);

/** Namespaces, ServiceAccounts and what else has to be there before the Pods. */
export const corpusObjects: readonly object[] = objects.items;

interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
}

/** What the images run that somebody has to look up, by `REPOSITORY:TAG`. */
const corpusImages: readonly (readonly [name: string, config: ImageConfig])[] = Object.entries(images);

interface Registry {
  readonly host: string;
  pushImage(repository: string, tag: string, config: ImageConfig): unknown;
}

export function pushCorpusImages(registry: Registry): void {
  for (const [name, config] of corpusImages) {
    const [repository = "", tag = ""] = name.split(":");
    registry.pushImage(repository, tag, config);
  }
}

/** The Pod with the images of the corpus at a registry that is there. */
export function withImagesAt({ host }: Registry, pod: Pod): Pod {
  const move = <T extends { readonly image?: string }>(container: T): T =>
    container.image === undefined
      ? container
      : { ...container, image: container.image.replace("registry.example.com/", `${host}/`) };
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(initContainers && { initContainers: initContainers.map(move) }),
      containers: containers.map(move),
    },
  };
}
