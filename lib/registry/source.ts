/** Where an image can be had: its own registry, and the mirrors of it that an operator has. */
import { PiggyError } from "../error.ts";
import { quote } from "../quotation.ts";
import { originOf } from "./endpoint.ts";
import { type ImageName, parseImageName, registryHost } from "./image-name.ts";
import type { Mirrors, RegistrySettings } from "./registry-settings.ts";

export interface Source {
  /** Up to `/manifests/` and `/blobs/`. */
  readonly base: string;
  /** Which registry a mirror is asked about, as container runtimes tell it; else empty. */
  readonly query: string;
  /** What credentials are stored for. */
  readonly domain: string;
  readonly repository: string;
}

/**
 * `DOMAIN=URL`, separated by commas, a domain as often as it has mirrors. `/v2` is added to a path that does not have
 * it, as by containerd. @throws PiggyError `setting_invalid`
 */
export function parseMirrors(text: string, trustedOrigins: ReadonlySet<string>): Mirrors {
  const mirrors = new Map<string, readonly string[]>();
  const words = text.split(",").map((word) => word.trim());
  for (const word of words.filter(Boolean)) {
    const equals = word.indexOf("=");
    const domain = parseDomain(word.slice(0, Math.max(0, equals)).trim());
    const root = parseRoot(word.slice(equals + 1).trim());
    if (domain === undefined || root === undefined) {
      throw invalid(word, "is no mirror such as docker.io=https://mirror.example.com");
    }
    if (root.protocol !== "https:" && !trustedOrigins.has(root.origin)) {
      throw invalid(word, "is not https: name its origin in PIGGY_REGISTRY_ORIGINS as well");
    }
    mirrors.set(domain, [...(mirrors.get(domain) ?? []), root.href]);
  }
  return mirrors;
}

/** Of what an operator wrote. */
const LONGEST_SHOWN = 200;

function invalid(word: string, what: string): PiggyError {
  return new PiggyError("setting_invalid", `PIGGY_REGISTRY_MIRRORS: ${quote(word, LONGEST_SHOWN)} ${what}`);
}

/** As it is in an image's name; undefined for what would not be taken for a registry there. */
function parseDomain(text: string): string | undefined {
  try {
    const { domain, repository } = parseImageName(`${text}/a/b`);
    return repository === "a/b" ? domain : undefined;
  } catch {
    return undefined;
  }
}

function parseRoot(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  // A password has its place in a Secret.
  if (`${url.username}${url.password}${url.search}${url.hash}` !== "") return undefined;
  const segments = url.pathname.split("/").filter(Boolean);
  url.pathname = (segments.includes("v2") ? segments : [...segments, "v2"]).join("/");
  return url;
}

/** The mirrors are asked first, in order, the registry itself last. */
export interface Sources {
  readonly mirrors: readonly Source[];
  readonly upstream: Source;
}

export function sourcesOf(name: ImageName, settings: RegistrySettings): Sources {
  const { domain, repository } = name;
  const origin = originOf(registryHost(domain), settings);
  const mirrors = (settings.mirrors.get(domain) ?? []).map((root) => {
    const url = new URL(root);
    // What stands behind /v2/ is the beginning of the repository's name there.
    const prefix = url.pathname.startsWith("/v2/") ? `${url.pathname.slice("/v2/".length)}/` : "";
    return {
      base: `${root}/${repository}`,
      query: `?ns=${encodeURIComponent(domain)}`,
      domain: url.host,
      repository: `${prefix}${repository}`,
    };
  });
  return { mirrors, upstream: { base: `${origin}/v2/${repository}`, query: "", domain, repository } };
}
