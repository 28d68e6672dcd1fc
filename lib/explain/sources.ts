/** What explain may ask in the place of the webhook's cluster and registry, and what became of each question. */
import type { ImageCommand } from "../admission/argv.ts";
import type { ImageVolumes } from "../admission/delivery/image-volume-memory.ts";
import type { Verdict } from "../admission/delivery/image-volumes.ts";
import type { ObjectContent, ReadObject } from "../admission/environment/objects.ts";
import type { AdmissionWorld } from "../admission/world.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { ObjectName } from "../pod.ts";
import type { Place } from "./manifests.ts";

export interface Cluster {
  /** What a person calls it. */
  readonly name: string;
  readonly readObject: ReadObject;
  readonly imageVolumes: Verdict;
}

export interface Sources {
  /** Undefined where there is none, or none is to be asked. */
  readonly cluster: Cluster | undefined;
  /** Undefined where no registry is to be asked. */
  readonly readImageCommand: AdmissionWorld["readImageCommand"] | undefined;
  /** ConfigMaps and Secrets beside the Pods: what is about to be there comes before what is. */
  readonly manifests: readonly (Place & { readonly object: JsonObject })[];
}

export interface SeenObject {
  readonly object: ObjectName;
  readonly content: ObjectContent;
  /** Where it stands, of those that were read from a manifest. */
  readonly manifest: string | undefined;
}

/** The look-ups for one Pod, and what was found. */
export interface Asked {
  readonly readObject: ReadObject;
  readonly readImageCommand: AdmissionWorld["readImageCommand"];
  readonly imageVolumes: () => ImageVolumes;
  /** In the order in which they were asked for. */
  readonly objects: ReadonlyMap<string, SeenObject>;
  /** What the images of containers run, by the containers' names; undefined where nobody was asked. */
  readonly images: ReadonlyMap<string, ImageCommand | undefined>;
}

export const keyOf = ({ kind, name }: ObjectName) => `${kind} ${name}`;

export function askFor(sources: Sources): Asked {
  const objects = new Map<string, SeenObject>();
  const images = new Map<string, ImageCommand | undefined>();
  return {
    objects,
    images,
    async readObject(namespace, object, signal) {
      const given = manifestOf(sources, namespace, object);
      const content =
        given === undefined
          ? ((await sources.cluster?.readObject(namespace, object, signal)) ?? NOT_LOOKED_UP)
          : ({ seen: true, data: dataOf(given.object) } as const);
      objects.set(keyOf(object), { object, content, manifest: given?.source });
      return content;
    },
    async readImageCommand(lookup) {
      const { container } = lookup;
      images.set(container.name, undefined);
      if (sources.readImageCommand === undefined) return placeholder(container.image);
      const command = await sources.readImageCommand(lookup);
      images.set(container.name, command);
      return command;
    },
    imageVolumes: () => imageVolumesOf(sources),
  };
}

export const NOT_LOOKED_UP: ObjectContent = { seen: false, reason: "not looked up" };

/** Stands for an argv that nobody asked for, and is shown as such. */
function placeholder(image: string): ImageCommand {
  return { entrypoint: [`<ENTRYPOINT of ${image}>`], cmd: [`<CMD of ${image}>`] };
}

/** The cluster is looked at once, where the webhook looks for ten minutes. */
function imageVolumesOf({ cluster }: Sources): ImageVolumes {
  if (cluster !== undefined) return { ...cluster.imageVolumes, isSettled: true };
  return { verdict: "unknown", reason: "the nodes were not looked at", isSettled: false };
}

function manifestOf({ manifests }: Sources, namespace: string, { kind, name }: ObjectName) {
  return manifests.findLast(
    (each) => each.kind === kind && each.name === name && each.namespace === namespace,
  );
}

/** A manifest's texts: `data`, of a Secret base64, and over it a Secret's `stringData`. */
function dataOf(object: JsonObject): ReadonlyMap<string, string> {
  const isSecret = object["kind"] === "Secret";
  const decode = (value: string) => (isSecret ? Buffer.from(value, "base64").toString("utf8") : value);
  return new Map([
    ...textsIn(object["data"]).map(([key, value]) => [key, decode(value)] as const),
    ...(isSecret ? textsIn(object["stringData"]) : []),
  ]);
}

function textsIn(field: unknown): readonly (readonly [key: string, value: string])[] {
  if (!isJsonObject(field)) return [];
  return Object.entries(field).flatMap(([key, value]) =>
    typeof value === "string" ? [[key, value] as const] : [],
  );
}
