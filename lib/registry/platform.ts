/** Which of a multi-platform image's manifests a Pod's node will run. Source: OCI image spec, image index. */
import { isJsonObject, type JsonObject, stringOf } from "../json.ts";

export interface Platform {
  readonly os: string;
  /** GOARCH. */
  readonly architecture: string;
}

const OWN_ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

/** The platform that a Pod asks for by its nodeSelector, else Linux on the architecture that the webhook runs on. */
export function platformOf(nodeSelector: Readonly<Record<string, string>>): Platform {
  return {
    os: nodeSelector["kubernetes.io/os"] ?? "linux",
    architecture: nodeSelector["kubernetes.io/arch"] ?? OWN_ARCHITECTURE,
  };
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
  const entries = Array.isArray(index["manifests"]) ? index["manifests"].filter(isJsonObject) : [];
  const ofPlatform = entries.find(({ platform }) => isJsonObject(platform) && isFor(platform, wanted));
  const entry = ofPlatform ?? entries.find(({ platform }) => !isJsonObject(platform));
  const digest = stringOf(entry?.["digest"]);
  return digest === undefined ? undefined : { digest, isForPlatform: ofPlatform !== undefined };
}

/** For what an index says of an entry, and what an image's config says of the image. */
export function isFor(said: JsonObject, wanted: Platform): boolean {
  return osOf(said) === wanted.os && architectureOf(said) === wanted.architecture;
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
