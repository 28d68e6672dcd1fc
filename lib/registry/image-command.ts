/** What an image runs: its manifest, then its config. Source: OCI distribution and image specs. */
import type { Deadline } from "../deadline.ts";
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../json.ts";
import type { Credentials } from "./credentials.ts";
import { originOf, type RegistrySettings } from "./endpoint.ts";
import { getBlob, type RegistrySession } from "./fetch-blob.ts";
import type { ImageCache, ImageRequest } from "./image-cache.ts";
import { type ImageName, parseImageName, registryHost } from "./image-name.ts";
import { type Platform, selectManifest } from "./platform.ts";
import { askTwice, ComeBackLater } from "./retry-after.ts";

export interface ImageCommand {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

export interface ImageQuery {
  readonly image: string;
  readonly platform: Platform;
  readonly skipVerify: boolean;
  readonly imagePullPolicy: string | undefined;
  /** Tried in order, then none at all. */
  readonly credentials: (image: ImageName) => Promise<readonly Credentials[]>;
  readonly deadline: Deadline;
}

const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(", ");

/** What the distribution spec asks registries to take at least. */
const LARGEST = 4 * 1024 * 1024;

/**
 * @throws PiggyError whose message names the image and what its registry said; codes `image_*` and
 * `registry_unavailable`.
 */
export async function readImageCommand(
  query: ImageQuery,
  settings: RegistrySettings,
  cache: ImageCache,
): Promise<ImageCommand> {
  const name = parseImageName(query.image);
  const { platform, skipVerify, deadline } = query;
  const fresh = isAlwaysPulled(query.imagePullPolicy, name);
  const late = () =>
    new PiggyError("registry_unavailable", `${originFor(name, settings)}: no answer in time`);
  const stored = await query.credentials(name);
  let refusal: unknown;
  for (const [index, credentials] of [...stored, undefined].entries()) {
    const request: ImageRequest = { name, platform, skipVerify, credentials };
    const read = (signal: AbortSignal) => readWith(request, settings, signal);
    try {
      return await askTwice(() => cache(request, { fresh, signal: deadline.signal, read, late }), deadline);
    } catch (error) {
      if (!(error instanceof PiggyError)) throw error;
      // Other credentials may do what these cannot; nothing else gets better by them.
      if (error.code === "registry_unavailable") throw named(query.image, error, tried(stored, index + 1));
      if (error.code !== "image_unauthorized") throw named(query.image, error);
      refusal ??= error;
    }
  }
  throw named(query.image, refusal, tried(stored, stored.length));
}

/** Who was asked for: a registry grants more to those whom it knows. */
function tried(stored: readonly Credentials[], count: number): string {
  if (stored.length === 0) return " (no stored credentials match)";
  return ` (${Math.min(count, stored.length)} stored credentials tried)`;
}

/** Whether the kubelet asks for a tag at every start. Source: Kubernetes documentation, Images, "Image pull policy". */
function isAlwaysPulled(policy: string | undefined, { reference }: ImageName): boolean {
  return policy ? policy === "Always" : reference === "latest";
}

function named(image: string, error: unknown, more = ""): unknown {
  if (!(error instanceof PiggyError)) return error;
  return new PiggyError(error.code, `image ${image}: ${error.message}${more}`, { cause: error });
}

function originFor(name: ImageName, settings: RegistrySettings): string {
  return originOf(registryHost(name.domain), settings);
}

async function readWith(
  { name, platform, skipVerify, credentials }: ImageRequest,
  settings: RegistrySettings,
  signal: AbortSignal,
): Promise<ImageCommand> {
  const base = `${originFor(name, settings)}/v2/${name.repository}`;
  const scope = `repository:${name.repository}:pull`;
  const session: RegistrySession = { settings, skipVerify, credentials, scope, signal };
  let manifest = await getJson(session, `${base}/manifests/${name.reference}`, ACCEPT);
  if (INDEX_TYPES.includes(manifest.mediaType) || Array.isArray(manifest.json["manifests"])) {
    const digest = selectManifest(manifest.json, platform);
    if (digest === undefined) {
      throw new PiggyError(
        "image_unsupported",
        `it has no manifest for ${platform.os}/${platform.architecture}`,
      );
    }
    manifest = await getJson(session, `${base}/manifests/${digest}`, MANIFEST_TYPES.join(", "));
  }
  if (manifest.json["schemaVersion"] === 1) {
    throw new PiggyError(
      "image_unsupported",
      "its manifest is of schema 1, which container runtimes no longer pull",
    );
  }
  const { config } = manifest.json;
  const digest = isJsonObject(config) && typeof config["digest"] === "string" ? config["digest"] : undefined;
  if (digest === undefined) throw new PiggyError("image_unsupported", "its manifest names no config");
  const { json } = await getJson(session, `${base}/blobs/${digest}`, "*/*");
  return parseConfig(json);
}

async function getJson(session: RegistrySession, address: string, accept: string) {
  const { status, mediaType, retryAfter, bytes } = await getBlob(session, address, accept, LARGEST);
  const { origin } = new URL(address);
  if (status === 401 || status === 403)
    throw new PiggyError("image_unauthorized", `${origin} answers ${status}`);
  if (status === 404) throw new PiggyError("image_not_found", `${origin} does not have it`);
  if (status === 429 || status === 503) throw new ComeBackLater(origin, status, retryAfter);
  if (status !== 200) throw new PiggyError("registry_unavailable", `${origin} answers ${status}`);
  checkDigest(address, bytes);
  const json = parseJson(new TextDecoder().decode(bytes));
  if (!isJsonObject(json)) throw new PiggyError("image_unsupported", `${origin} answers with no JSON object`);
  const ownType = typeof json["mediaType"] === "string" ? json["mediaType"] : mediaType;
  return { json, mediaType: ownType };
}

/** What was asked for by digest must have it: otherwise somebody between could choose what the container runs. */
function checkDigest(address: string, bytes: Uint8Array): void {
  const digest = address.slice(address.lastIndexOf("/") + 1);
  const [algorithm, hex] = digest.split(":", 2);
  if (algorithm !== "sha256" && algorithm !== "sha512") return;
  if (new Bun.CryptoHasher(algorithm).update(bytes).digest("hex") === hex) return;
  throw new PiggyError(
    "image_unsupported",
    `${new URL(address).origin} answers with other bytes than ${digest}`,
  );
}

function parseConfig(json: JsonObject): ImageCommand {
  const config = isJsonObject(json["config"]) ? json["config"] : {};
  return { entrypoint: strings(config["Entrypoint"]), cmd: strings(config["Cmd"]) };
}

function strings(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
