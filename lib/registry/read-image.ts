/** An image's manifest, then its config, from a registry. Source: OCI distribution and image specs. */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, objectOf, parseJson, stringOf, stringsOf } from "../json.ts";
import { oneLine } from "../quotation.ts";
import type { AuthorizationCache } from "./authorization-cache.ts";
import type { Credentials } from "./credentials.ts";
import { getBlob } from "./fetch-blob.ts";
import type { Found, ImageRequest, Known } from "./image-cache.ts";
import type { ImageCommand } from "./image-command.ts";
import { isDigest } from "./image-name.ts";
import { describePlatform, isFor, type Platform, selectEntry } from "./platform.ts";
import { createReach } from "./reach.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import { ComeBackLater } from "./retry-after.ts";
import type { RegistrySession } from "./session.ts";
import type { Source } from "./source.ts";

const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(", ");

/** Some tools put the index of each platform into another; each is a request. */
const MOST_INDEXES = 3;

/** In characters, in a message. */
const LONGEST_DIGEST = 150;

/** What the distribution spec asks registries to take at least. */
const LARGEST = 4 * 1024 * 1024;

export interface Registries {
  readonly settings: RegistrySettings;
  /** One for settings that are always the same. */
  readonly authorizations: AuthorizationCache;
}

/** @throws PiggyError with codes `image_*` and `registry_unavailable` */
export async function readImage(
  request: ImageRequest,
  registries: Registries,
  known: Known,
  signal: AbortSignal,
): Promise<Found> {
  const { login } = request;
  const credentials = await login.credentials(signal);
  try {
    return await readAs(credentials, request, registries, known, signal);
  } catch (error) {
    if (!(error instanceof PiggyError) || error.code !== "image_unauthorized" || login.advice === undefined) {
      throw error;
    }
    throw new PiggyError(error.code, `${error.message}: ${login.advice}`, { cause: error });
  }
}

async function readAs(
  credentials: Credentials | undefined,
  request: ImageRequest,
  { settings, authorizations }: Registries,
  known: Known,
  signal: AbortSignal,
): Promise<Found> {
  const { source, reference, platform, skipVerify } = request;
  const { base, query } = source;
  const scope = `repository:${source.repository}:pull`;
  const reach = createReach(settings);
  const kept = authorizations(request);
  const authorization = kept.get();
  const shown = authorization && { authorization, isKept: true };
  const session: RegistrySession = { settings, skipVerify, credentials, scope, signal, reach, kept, shown };
  const first = await getManifest(session, source, reference);
  const digest = isDigest(reference) ? reference : digestOf(first.bytes);
  const command = known(digest);
  if (command !== undefined) return { command, digest };
  const { manifest, isForPlatform } = await throughIndexes(session, source, first, platform);
  if (manifest.json["schemaVersion"] === 1) {
    throw new PiggyError(
      "image_unsupported",
      "its manifest is of schema 1, which container runtimes no longer pull",
    );
  }
  const config = stringOf(objectOf(manifest.json["config"])["digest"]);
  if (config === undefined) throw new PiggyError("image_unsupported", "its manifest names no config");
  checkAlgorithm(config);

  const { json } = await getJson(session, `${base}/blobs/${config}${query}`, "*/*");
  if (!isForPlatform && !isFor(json, platform)) throw notFor(platform);
  return { command: parseConfig(json), digest };
}

/** The image that the indexes lead to; what is asked for by its own name is for whichever platform it is asked for. */
async function throughIndexes(session: RegistrySession, source: Source, first: Manifest, platform: Platform) {
  let [manifest, isForPlatform] = [first, true];
  for (let indexes = 0; isIndex(manifest); indexes += 1) {
    if (indexes === MOST_INDEXES) {
      throw new PiggyError(
        "image_unsupported",
        `more than ${MOST_INDEXES} of its indexes are in one another`,
      );
    }
    const entry = selectEntry(manifest.json, platform);
    if (entry === undefined) throw notFor(platform);
    checkAlgorithm(entry.digest);
    manifest = await getManifest(session, source, entry.digest);
    isForPlatform = entry.isForPlatform;
  }
  return { manifest, isForPlatform };
}

function isIndex({ mediaType, json }: Manifest): boolean {
  return INDEX_TYPES.includes(mediaType) || Array.isArray(json["manifests"]);
}

function notFor(platform: Platform): PiggyError {
  return new PiggyError("image_unsupported", `it has no manifest for ${describePlatform(platform)}`);
}

type Manifest = Awaited<ReturnType<typeof getJson>>;

function getManifest(session: RegistrySession, { base, query }: Source, reference: string) {
  return getJson(session, `${base}/manifests/${reference}${query}`, ACCEPT);
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
  return { json, mediaType: stringOf(json["mediaType"]) ?? mediaType, bytes };
}

/** What is kept for long must be what it is called by. Source: OCI image spec, "Digests", registered algorithms. */
function checkAlgorithm(digest: string): void {
  if (/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(digest)) return;
  throw new PiggyError(
    "image_unsupported",
    `its manifest names ${oneLine(digest, LONGEST_DIGEST)}, which is no digest`,
  );
}

/** What was asked for by digest must have it: otherwise somebody between could choose what the container runs. */
function checkDigest(address: string, bytes: Uint8Array): void {
  const { pathname, origin } = new URL(address);
  const digest = pathname.slice(pathname.lastIndexOf("/") + 1);
  const [algorithm, hex] = digest.split(":", 2);
  if (algorithm !== "sha256" && algorithm !== "sha512") return;
  if (new Bun.CryptoHasher(algorithm).update(bytes).digest("hex") === hex) return;
  throw new PiggyError("image_unsupported", `${origin} answers with other bytes than ${digest}`);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}

/** One empty word is how a Dockerfile takes a base image's ENTRYPOINT back. Source: containerd, CRI, WithProcessArgs. */
function parseConfig(json: JsonObject): ImageCommand {
  const config = objectOf(json["config"]);
  const entrypoint = stringsOf(config["Entrypoint"]);
  const isTakenBack = entrypoint.length === 1 && entrypoint[0] === "";
  return { entrypoint: isTakenBack ? [] : entrypoint, cmd: stringsOf(config["Cmd"]) };
}
