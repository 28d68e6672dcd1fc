import { createHash, createHmac, randomBytes } from "node:crypto";
import type { IssuedCertificate } from "./certificates";

/** The part of the OCI image configuration that a container runtime merges with a Pod's container. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Env?: readonly string[];
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface PushOptions {
  readonly format?: "oci" | "docker";
  /** With platforms the tag names an OCI index or a Docker manifest list, one image each. */
  readonly platforms?: readonly (Platform & { readonly config: ImageConfig })[];
}

/** Passwords by name, or who decides about both. */
export type Users = Readonly<Record<string, string>> | ((user: string, password: string) => boolean);

export type RegistryAuth =
  | { readonly kind: "basic"; readonly users: Users }
  | {
      readonly kind: "bearer";
      readonly users: Users;
      /** Tokens without a login, as public registries give them. */
      readonly anonymous?: boolean;
      /** Default 300. */
      readonly tokenSeconds?: number;
    };

export interface RegistryOptions {
  readonly tls?: IssuedCertificate;
  /** By default 127.0.0.1, and the name that goes with TLS or without. */
  readonly at?: { readonly address: string; readonly name: string };
  readonly auth?: RegistryAuth;
  /** Blobs answer 307 to a signed URL, as registries in front of an object store do; a text is the store's origin. */
  readonly redirectBlobs?: boolean | string;
  /** The token service's clock, in milliseconds. */
  readonly now?: () => number;
}

export interface RegistryRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization: Credentials["kind"];
  readonly status: number;
}

export interface Failure {
  readonly status: number;
  readonly times: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RegistryFake {
  /** As it stands in an image reference. */
  readonly host: string;
  readonly url: string;
  readonly requests: readonly RegistryRequest[];
  pushImage(repository: string, tag: string, config: ImageConfig, options?: PushOptions): { digest: string };
  pushSchema1(repository: string, tag: string): { digest: string };
  /** The next `times` requests, whatever they ask, are answered with `status`. */
  failNext(failure: Failure): void;
  stop(): Promise<void>;
}

type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

interface Content {
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: string;
}

interface Manifest extends Content {
  /** In a manifest list, the digest that a client without manifest lists is given instead. */
  readonly linuxAmd64?: string | undefined;
}

interface Repository {
  readonly tags: Map<string, string>;
  readonly manifests: Map<string, Manifest>;
  readonly blobs: Map<string, Content>;
}

interface Access {
  /** The refusal, if there is one. Without a repository: for the API root. */
  refuse(credentials: Credentials, repository?: string): Response | undefined;
  token(credentials: Credentials, query: URLSearchParams): Response;
}

const OCI = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};
const DOCKER = {
  index: "application/vnd.docker.distribution.manifest.list.v2+json",
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};
const SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

const NAME = "[a-z0-9]+(?:(?:\\.|_|__|-+|/)[a-z0-9]+)*";
const CONTENT_PATH = new RegExp(`^/(v2|storage)/(${NAME})/(manifests|blobs)/([A-Za-z0-9_][\\w.:-]*)$`);
const CREATED = "2024-01-01T00:00:00Z";
const SERVICE = "registry.test";
const EMPTY_TAR = new Uint8Array(1024);

/** An image registry on this machine that speaks the OCI distribution specification, for pulls. */
export function startRegistry(options: RegistryOptions = {}): RegistryFake {
  const requests: RegistryRequest[] = [];
  const failures: Failure[] = [];
  const repositories = new Map<string, Repository>();
  const storageKey = randomBytes(32);
  const server = Bun.serve({
    hostname: options.at?.address ?? "127.0.0.1",
    port: 0,
    ...(options.tls && { tls: { cert: options.tls.cert, key: options.tls.key } }),
    fetch(request) {
      const credentials = parseAuthorization(request.headers.get("authorization"));
      const { pathname, searchParams } = new URL(request.url);
      const failure = failures.shift();
      const response = failure ? failed(failure) : answer(request, pathname, searchParams, credentials);
      response.headers.set("docker-distribution-api-version", "registry/2.0");
      const { method } = request;
      const { status } = response;
      requests.push({ method, path: pathname, authorization: credentials.kind, status });
      return response;
    },
  });
  const name = options.at?.name ?? (options.tls ? "localhost" : "127.0.0.1");
  const host = `${name}:${server.port}`;
  const url = `${options.tls ? "https" : "http"}://${host}`;
  const access = accessControl(options.auth, `${url}/token`, options.now ?? Date.now);

  function answer(
    request: Request,
    path: string,
    query: URLSearchParams,
    credentials: Credentials,
  ): Response {
    if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "UNSUPPORTED");
    if (path === "/token") return access.token(credentials, query);
    if (path === "/v2/") return access.refuse(credentials) ?? Response.json({});
    const [, root, name, kind, reference] = CONTENT_PATH.exec(decodeURIComponent(path)) ?? [];
    if (name === undefined || reference === undefined)
      return new Response("404 page not found\n", { status: 404 });
    const repository = repositories.get(name);
    if (root === "storage") return answerStorage(path, query, repository?.blobs.get(reference));
    const refused = access.refuse(credentials, name);
    if (refused) return refused;
    if (!repository) return refusal(404, "NAME_UNKNOWN");
    if (kind === "manifests")
      return answerManifest(repository, reference, request.headers.get("accept") ?? "");
    return answerBlob(name, repository.blobs.get(reference));
  }

  function answerBlob(name: string, blob: Content | undefined): Response {
    if (!blob) return refusal(404, "BLOB_UNKNOWN");
    if (!options.redirectBlobs) return served({ ...blob, mediaType: "application/octet-stream" });
    const storage = options.redirectBlobs === true ? url : options.redirectBlobs;
    const path = `/storage/${name}/blobs/${blob.digest}`;
    const query = new URLSearchParams({
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Expires": "1200",
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Signature": storageSignature(path),
    });
    return new Response(null, { status: 307, headers: { location: `${storage}${path}?${query}` } });
  }

  function answerStorage(path: string, query: URLSearchParams, blob: Content | undefined): Response {
    const signed = query.get("X-Amz-Signature") === storageSignature(path);
    if (!signed || !blob) return new Response("<Error><Code>AccessDenied</Code></Error>", { status: 403 });
    return new Response(blob.bytes, { headers: { "content-type": "application/octet-stream" } });
  }

  function storageSignature(path: string): string {
    return createHmac("sha256", storageKey).update(path).digest("hex");
  }

  function repositoryNamed(name: string): Repository {
    const existing = repositories.get(name);
    if (existing) return existing;
    const created: Repository = { tags: new Map(), manifests: new Map(), blobs: new Map() };
    repositories.set(name, created);
    return created;
  }

  return {
    host,
    url,
    requests,
    pushImage(name, tag, config, { format = "oci", platforms } = {}) {
      const repository = repositoryNamed(name);
      const types = format === "oci" ? OCI : DOCKER;
      const { digest } = platforms
        ? putIndex(repository, types, platforms)
        : putImage(repository, types, { os: "linux", architecture: "amd64" }, config);
      repository.tags.set(tag, digest);
      return { digest };
    },
    pushSchema1(name, tag) {
      const repository = repositoryNamed(name);
      const { digest } = putManifest(repository, schema1(name, tag));
      repository.tags.set(tag, digest);
      return { digest };
    },
    failNext(failure) {
      failures.push(...Array.from({ length: failure.times }, () => failure));
    },
    stop: () => server.stop(true),
  };
}

/** As in the handler of the CNCF distribution registry: what the Accept header lacks is not found. */
function answerManifest(repository: Repository, reference: string, accept: string): Response {
  const digest = repository.tags.get(reference) ?? reference;
  const manifest = repository.manifests.get(digest);
  if (!manifest) return refusal(404, "MANIFEST_UNKNOWN");
  const accepted = accept.split(",").map((type) => type.split(";")[0]?.trim());
  if (accepted.includes(manifest.mediaType)) return served(manifest);
  if (manifest.mediaType === OCI.index || manifest.mediaType === OCI.manifest) {
    return refusal(404, "MANIFEST_UNKNOWN", "OCI content found, but the Accept header does not support it");
  }
  if (manifest.mediaType !== DOCKER.index || digest === reference) return served(manifest);
  const image = repository.manifests.get(manifest.linuxAmd64 ?? "");
  if (!image) return refusal(404, "MANIFEST_UNKNOWN");
  return accepted.includes(image.mediaType) ? served(image) : refusal(400, "MANIFEST_INVALID");
}

function accessControl(auth: RegistryAuth | undefined, realm: string, now: () => number): Access {
  switch (auth?.kind) {
    case undefined:
      return { refuse: () => undefined, token: () => refusal(404, "UNSUPPORTED") };
    case "basic":
      return {
        refuse: (credentials) =>
          isUser(auth.users, credentials) ? undefined : unauthorized('Basic realm="registry"'),
        token: () => refusal(404, "UNSUPPORTED"),
      };
    case "bearer":
      return bearerAccess(auth, realm, now);
  }
}

/** The Docker token authentication specification. */
function bearerAccess(auth: RegistryAuth & { kind: "bearer" }, realm: string, now: () => number): Access {
  const { users, anonymous = false, tokenSeconds = 300 } = auth;
  const tokens = new Map<string, { readonly repositories: readonly string[]; readonly expiresAt: number }>();
  return {
    refuse(credentials, repository) {
      const scope = repository === undefined ? "" : `,scope="repository:${repository}:pull"`;
      const challenge = `Bearer realm="${realm}",service="${SERVICE}"${scope}`;
      if (credentials.kind !== "bearer") return unauthorized(challenge);
      const token = tokens.get(credentials.token);
      if (!token || token.expiresAt <= now()) return unauthorized(`${challenge},error="invalid_token"`);
      if (repository === undefined || token.repositories.includes(repository)) return undefined;
      return unauthorized(`${challenge},error="insufficient_scope"`);
    },
    token(credentials, query) {
      const loggedIn = isUser(users, credentials);
      if (!loggedIn && !(anonymous && credentials.kind === "none")) return refusal(401, "UNAUTHORIZED");
      if (query.get("service") !== SERVICE) return refusal(400, "UNSUPPORTED", "unknown service");
      const token = randomBytes(32).toString("base64url");
      tokens.set(token, { repositories: pullScopes(query), expiresAt: now() + tokenSeconds * 1000 });
      const issued_at = new Date(now()).toISOString();
      return Response.json({ token, access_token: token, expires_in: tokenSeconds, issued_at });
    },
  };
}

function pullScopes(query: URLSearchParams): string[] {
  return query
    .getAll("scope")
    .flatMap((scopes) => scopes.split(" "))
    .flatMap((scope) => {
      const [type, name, actions] = scope.split(":");
      return type === "repository" && name && actions?.split(",").includes("pull") ? [name] : [];
    });
}

function parseAuthorization(header: string | null): Credentials {
  const [scheme, value = ""] = header?.split(" ") ?? [];
  if (scheme?.toLowerCase() === "bearer") return { kind: "bearer", token: value };
  if (scheme?.toLowerCase() !== "basic") return { kind: "none" };
  const [user = "", ...password] = Buffer.from(value, "base64").toString().split(":");
  return { kind: "basic", user, password: password.join(":") };
}

function isUser(users: Users, credentials: Credentials): boolean {
  if (credentials.kind !== "basic") return false;
  const { user, password } = credentials;
  return typeof users === "function" ? users(user, password) : users[user] === password;
}

function putImage(to: Repository, types: typeof OCI, platform: Platform, config: ImageConfig): Content {
  const layer = content(types.layer, Bun.gzipSync(EMPTY_TAR));
  const imageConfig = json(types.config, {
    created: CREATED,
    ...platform,
    config,
    rootfs: { type: "layers", diff_ids: [sha256(EMPTY_TAR)] },
    history: [{ created: CREATED, created_by: "COPY . . # buildkit" }],
  });
  for (const blob of [layer, imageConfig]) to.blobs.set(blob.digest, blob);
  return putManifest(
    to,
    json(types.manifest, {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(imageConfig),
      layers: [descriptor(layer)],
    }),
  );
}

function putIndex(to: Repository, types: typeof OCI, images: NonNullable<PushOptions["platforms"]>): Content {
  const manifests = images.map(({ config, ...platform }) => ({
    ...descriptor(putImage(to, types, platform, config)),
    platform,
  }));
  const linuxAmd64 = manifests.find(
    ({ platform }) => platform.os === "linux" && platform.architecture === "amd64",
  );
  const index = json(types.index, { schemaVersion: 2, mediaType: types.index, manifests });
  return putManifest(to, { ...index, linuxAmd64: linuxAmd64?.digest });
}

function putManifest(to: Repository, manifest: Manifest): Manifest {
  to.manifests.set(manifest.digest, manifest);
  return manifest;
}

/** Without the signatures, which the digest does not cover: so the digest is that of the served bytes. */
function schema1(name: string, tag: string): Content {
  return json(SCHEMA_1, {
    schemaVersion: 1,
    name,
    tag,
    architecture: "amd64",
    fsLayers: [{ blobSum: sha256(Bun.gzipSync(EMPTY_TAR)) }],
    history: [{ v1Compatibility: JSON.stringify({ id: "0".repeat(64), created: CREATED, os: "linux" }) }],
  });
}

function descriptor({ mediaType, bytes, digest }: Content) {
  return { mediaType, digest, size: bytes.length };
}

function json(mediaType: string, value: unknown): Content {
  return content(mediaType, new TextEncoder().encode(JSON.stringify(value)));
}

function content(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Content {
  return { mediaType, bytes, digest: sha256(bytes) };
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function served({ mediaType, bytes, digest }: Content): Response {
  const headers = { "content-type": mediaType, "docker-content-digest": digest, etag: `"${digest}"` };
  return new Response(bytes, { headers });
}

function failed({ status, headers }: Failure): Response {
  return refusal(status, status === 429 ? "TOOMANYREQUESTS" : "UNKNOWN", undefined, headers);
}

function unauthorized(challenge: string): Response {
  return refusal(401, "UNAUTHORIZED", "authentication required", { "www-authenticate": challenge });
}

/** The specification's error body. */
function refusal(
  status: number,
  code: string,
  message = code.toLowerCase(),
  headers?: Failure["headers"],
): Response {
  return Response.json({ errors: [{ code, message, detail: null }] }, { status, headers: { ...headers } });
}
