/** Pushes images over the distribution API. Source: OCI distribution spec, "Push". */
import type { RegistryServer } from "./server.ts";

export interface ImageCommand {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
}

/** The media types of one family: OCI's or Docker's. */
const FAMILIES = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;

export interface Push {
  readonly registry: Pick<RegistryServer, "url" | "authority">;
  /** Says who pushes to the repository. */
  readonly authorize: (repository: string) => Promise<string>;
  readonly repository: string;
  readonly tag: string;
  readonly family: keyof typeof FAMILIES;
  /** By GOARCH. */
  readonly commands: Readonly<Record<string, ImageCommand>>;
}

/** Pushes an image for each architecture, and an index of them under the tag; answers with the index's digest. */
export async function pushImages(push: Push): Promise<string> {
  const types = FAMILIES[push.family];
  const manifests: object[] = [];
  for (const [architecture, config] of Object.entries(push.commands)) {
    const layer = await pushBlob(push, Bun.gzipSync(Buffer.alloc(1024)), types.layer);
    const image = { os: "linux", architecture, config, rootfs: { type: "layers", diff_ids: [layer.digest] } };
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: await pushBlob(push, bytesOf(image), types.config),
      layers: [layer],
    };
    const descriptor = await pushManifest(push, manifest, digestOf(bytesOf(manifest)));
    manifests.push({ ...descriptor, platform: { os: "linux", architecture } });
  }
  const index = { schemaVersion: 2, mediaType: types.index, manifests };
  return (await pushManifest(push, index, push.tag)).digest;
}

async function pushBlob(push: Push, bytes: Uint8Array<ArrayBuffer>, mediaType: string) {
  const digest = digestOf(bytes);
  const begun = await send(push, "POST", "blobs/uploads/");
  const location = new URL(begun.headers.get("Location") ?? "", push.registry.url);
  location.searchParams.set("digest", digest);
  await send(push, "PUT", location.href, bytes, "application/octet-stream");
  return { mediaType, digest, size: bytes.length };
}

async function pushManifest(push: Push, manifest: { readonly mediaType: string }, reference: string) {
  const bytes = bytesOf(manifest);
  await send(push, "PUT", `manifests/${reference}`, bytes, manifest.mediaType);
  return { mediaType: manifest.mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function send(
  { registry, authorize, repository }: Push,
  method: string,
  path: string,
  body?: Uint8Array<ArrayBuffer>,
  type?: string,
): Promise<Response> {
  const address = path.startsWith("https:") ? path : `${registry.url}/v2/${repository}/${path}`;
  const response = await fetch(address, {
    method,
    headers: {
      Authorization: await authorize(repository),
      ...(type === undefined ? {} : { "Content-Type": type }),
    },
    ...(body === undefined ? {} : { body }),
    tls: { ca: registry.authority.pem },
  });
  if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${await response.text()}`);
  return response;
}

function bytesOf(json: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(json));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}
