/**
 * Registry credentials as Secrets hold them. Source: Kubernetes documentation, "Pull an Image from a Private
 * Registry" and "Images", on how `auths` entries match.
 */
import { isJsonObject, type JsonValue, parseJson } from "../json.ts";
import { matchesGlob } from "./glob.ts";
import type { ImageName } from "./image-name.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Entry {
  /** Host, port and path prefix that the credentials were stored for; a label of the host may be a glob. */
  readonly registry: string;
  readonly credentials: Credentials;
}

/** Reads `.dockerconfigjson` or the older `.dockercfg`; what cannot be read has no entries. */
export function parseDockerConfig(data: ReadonlyMap<string, string>): readonly Entry[] {
  const config = parseJson(data.get(".dockerconfigjson") ?? "");
  const older = parseJson(data.get(".dockercfg") ?? "");
  const auths = isJsonObject(config) ? config["auths"] : older;
  if (!isJsonObject(auths)) return [];
  return Object.entries(auths).flatMap(([key, value]) => {
    const credentials = parseCredentials(value);
    return credentials === undefined ? [] : [{ registry: parseRegistry(key), credentials }];
  });
}

/** An API's root and the whole host are one thing. */
function parseRegistry(key: string): string {
  const registry = key.replace(/^https?:\/\//, "").replace(/^([^/]*)\/v[12](?=\/|$)/, "$1");
  return registry.indexOf("/") === registry.length - 1 ? registry.slice(0, -1) : registry;
}

function parseCredentials(value: JsonValue | undefined): Credentials | undefined {
  if (!isJsonObject(value)) return undefined;
  const { username, password, auth } = value;
  // As in the kubelet, auth is what counts where there is both.
  if (typeof auth !== "string" || auth === "") {
    const isWhole = typeof username === "string" && typeof password === "string" && username !== "";
    return isWhole ? { username, password } : undefined;
  }
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon <= 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/**
 * The credentials that are stored for an image's registry and path, from the most special entry to the most general,
 * whichever Secrets they are from: in the kubelet's order, which is that of the entries' names turned around. Entries
 * of one name keep the order of their Secrets.
 */
export function credentialsFor(
  { domain, repository }: Pick<ImageName, "domain" | "repository">,
  entries: readonly Entry[],
): readonly Credentials[] {
  // Most images are pulled without any.
  if (entries.length === 0) return NONE;
  const matching = entries.filter((entry) => matches(entry.registry, domain, repository));
  // Docker Hub's older name counts where nothing is stored for the newer.
  const isOlderHub = domain === "docker.io" && matching.length === 0;
  return (isOlderHub ? entries.filter(({ registry }) => registry === "index.docker.io") : matching)
    .toSorted((a, b) => (a.registry === b.registry ? 0 : a.registry < b.registry ? 1 : -1))
    .map((entry) => entry.credentials);
}

const NONE: readonly Credentials[] = [];

/** A path is a prefix of texts, not of components, as it is for the kubelet. */
function matches(registry: string, domain: string, repository: string): boolean {
  const slash = registry.indexOf("/");
  const host = slash < 0 ? registry : registry.slice(0, slash);
  const path = slash < 0 ? "" : registry.slice(slash + 1);
  return repository.startsWith(path) && matchesHost(host, domain);
}

function matchesHost(pattern: string, host: string): boolean {
  const [patternName = "", patternPort] = splitPort(pattern);
  const [name = "", port] = splitPort(host);
  const labels = patternName.split(".");
  const parts = name.split(".");
  return (
    patternPort === port &&
    labels.length === parts.length &&
    // The brackets around an IPv6 address are no class of characters.
    labels.every((label, index) => label === parts[index] || matchesGlob(label, parts[index] ?? ""))
  );
}

function splitPort(host: string): readonly (string | undefined)[] {
  const colon = host.lastIndexOf(":");
  const isPort = colon >= 0 && /^\d+$/.test(host.slice(colon + 1));
  return isPort ? [host.slice(0, colon), host.slice(colon + 1)] : [host];
}
