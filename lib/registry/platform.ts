/** Which of a multi-platform image's manifests a Pod's node will run. Source: OCI image spec, image index. */
import { isJsonObject, type JsonObject, objectsOf, stringOf } from "../json.ts";
import { ARCHITECTURE_LABEL } from "../node-affinity.ts";
import type { Pod } from "../pod.ts";

export interface Platform {
  readonly os: string;
  /** GOARCH; undefined where the Pod leaves it open. */
  readonly architecture: string | undefined;
}

const OWN_ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

/** The platform that a Pod asks for; Linux where it does not say. */
export function platformOf({
  nodeSelector,
  architecture,
}: Pick<Pod, "nodeSelector" | "architecture">): Platform {
  return { os: nodeSelector["kubernetes.io/os"] ?? "linux", architecture };
}

/** In words. */
export function describePlatform({ os, architecture }: Platform): string {
  if (architecture !== undefined) return `${os}/${architecture}`;
  return `${os}/${OWN_ARCHITECTURE}, and the Pod does not say by ${ARCHITECTURE_LABEL} where else it runs`;
}

export interface IndexEntry {
  readonly digest: string;
  /** Whether the index says which platform it is for; otherwise the image itself does. */
  readonly isForPlatform: boolean;
}

/**
 * The entry of an index for the platform, or the first that is for none in particular, as containerd takes it; undefined
 * when the index has neither.
 */
export function selectEntry(index: JsonObject, wanted: Platform): IndexEntry | undefined {
  const entries = objectsOf(index["manifests"]);
  const { os, architecture = likelyArchitecture(entries, wanted) } = wanted;
  const ofPlatform = entries.find(
    ({ platform }) => isJsonObject(platform) && isFor(platform, { os, architecture }),
  );
  const entry = ofPlatform ?? entries.find(({ platform }) => !isJsonObject(platform));
  const digest = stringOf(entry?.["digest"]);
  return digest === undefined ? undefined : { digest, isForPlatform: ofPlatform !== undefined };
}

/** The webhook's own, unless the image is for another alone, and then its Pods run there. */
function likelyArchitecture(entries: readonly JsonObject[], { os }: Platform): string {
  const said = objectsOf(entries.map(({ platform }) => platform)).filter((platform) => osOf(platform) === os);
  const architectures = new Set(said.map(architectureOf));
  const [only = OWN_ARCHITECTURE] = architectures;
  return architectures.size === 1 ? only : OWN_ARCHITECTURE;
}

/** For what an index says of an entry, and what an image's config says of the image. */
export function isFor(said: JsonObject, wanted: Platform): boolean {
  const { os, architecture = architectureOf(said) } = wanted;
  return osOf(said) === os && architectureOf(said) === architecture;
}

function osOf({ os }: JsonObject): string {
  return stringOf(os)?.toLowerCase() || "linux";
}

/** What else tools call them than Go does. Source: containerd/platforms, normalizeArch. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["aarch64", "arm64"],
]);

function architectureOf({ architecture }: JsonObject): string | undefined {
  const name = stringOf(architecture)?.toLowerCase();
  return name && (ARCHITECTURES.get(name) ?? name);
}
