/**
 * Registry credentials as Secrets hold them. Source: Kubernetes documentation, "Pull an Image from a Private
 * Registry" and "Images", on how `auths` entries match.
 */
import { isJsonObject, type JsonValue, parseJson } from "../json.ts";
import type { ImageName } from "./image-name.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

interface Entry {
  /** Host, port and path prefix that the credentials were stored for; a label may be a glob. */
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
    const registry = key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
    return credentials === undefined ? [] : [{ registry, credentials }];
  });
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

/** The credentials that are stored for an image's registry and path, those of the longest path first. */
export function credentialsFor(image: ImageName, entries: readonly Entry[]): readonly Credentials[] {
  return entries
    .filter((entry) => matches(entry.registry, image))
    .toSorted((a, b) => b.registry.length - a.registry.length)
    .map((entry) => entry.credentials);
}

function matches(registry: string, { domain, repository }: ImageName): boolean {
  const slash = registry.indexOf("/");
  const host = slash < 0 ? registry : registry.slice(0, slash);
  const path = slash < 0 ? "" : registry.slice(slash + 1);
  const isBelow = path === "" || repository === path || repository.startsWith(`${path}/`);
  return isBelow && (matchesHost(host, domain) || (domain === "docker.io" && host === "index.docker.io"));
}

function matchesHost(pattern: string, host: string): boolean {
  const [patternName = "", patternPort] = splitPort(pattern);
  const [name = "", port] = splitPort(host);
  const labels = patternName.split(".");
  const parts = name.split(".");
  return (
    patternPort === port &&
    labels.length === parts.length &&
    labels.every((label, index) => matchesLabel(label, parts[index] ?? ""))
  );
}

function splitPort(host: string): readonly (string | undefined)[] {
  const colon = host.lastIndexOf(":");
  const isPort = colon >= 0 && /^\d+$/.test(host.slice(colon + 1));
  return isPort ? [host.slice(0, colon), host.slice(colon + 1)] : [host];
}

function matchesLabel(pattern: string, label: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === label;
  if (!label.startsWith(first) || !label.endsWith(last)) return false;
  // Each part at the first place where it fits leaves most for those behind it.
  let at = first.length;
  for (const part of rest) {
    const found = label.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= label.length;
}
