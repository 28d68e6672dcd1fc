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

/** The digest of the manifest for the platform, or undefined when the index has none. */
export function selectManifest(index: JsonObject, wanted: Platform): string | undefined {
  const manifests = Array.isArray(index["manifests"]) ? index["manifests"].filter(isJsonObject) : [];
  const match = manifests.find(({ platform }) => {
    if (!isJsonObject(platform)) return false;
    return platform["os"] === wanted.os && platform["architecture"] === wanted.architecture;
  });
  return stringOf(match?.["digest"]);
}
