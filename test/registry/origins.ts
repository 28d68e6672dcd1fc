/** Servers that answer as a test says and remember what they were sent. */
import { createHash } from "node:crypto";

export interface Heard {
  readonly path: string;
  readonly authorization: string | null;
}

export interface Origin {
  readonly host: string;
  readonly url: string;
  readonly heard: readonly Heard[];
}

const servers: { readonly stop: (closeActiveConnections: true) => unknown }[] = [];

/** After each test. */
export async function stopServing(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop(true)));
}

export function serve(respond: (path: string, authorization: string | null) => Response): Origin {
  const heard: Heard[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname: path } = new URL(request.url);
      const authorization = request.headers.get("authorization");
      heard.push({ path, authorization });
      return respond(path, authorization);
    },
  });
  servers.push(server);
  const host = `127.0.0.1:${server.port}`;
  return { host, url: `http://${host}`, heard };
}

/** One that says these bytes, whatever it is asked, and closes. */
export function serveBytes(bytes: string): Pick<Origin, "host" | "url"> {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.end(bytes) },
  });
  servers.push(server);
  const host = `127.0.0.1:${server.port}`;
  return { host, url: `http://${host}` };
}

/** Answers that are none, or not whole. */
export const BROKEN: readonly (readonly [what: string, bytes: string])[] = [
  ["is cut", 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"a":'],
  ["is cut between chunks", 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'],
  [
    "has a chunk without a length",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n{}\r\n0\r\n\r\n",
  ],
  ["is no gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde"],
  ["redirects to no address", "HTTP/1.1 307 T\r\nLocation: https://[x\r\nContent-Length: 0\r\n\r\n"],
  [
    "redirects and is no gzip",
    "HTTP/1.1 307 T\r\nLocation: https://a b/\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
  ],
  ["is no HTTP", "SSH-2.0-OpenSSH_9.9\r\n"],
];

export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

export const CONFIG = JSON.stringify({ config: { Entrypoint: ["/bin/app"] } });
export const CONFIG_DIGEST = digestOf(CONFIG);

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

export function manifest(config: unknown = { digest: CONFIG_DIGEST }): Response {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [] });
  return new Response(body, { headers: { "content-type": MANIFEST_TYPE } });
}

export function challenge(header: string): Response {
  return new Response(null, { status: 401, headers: { "www-authenticate": header } });
}

export function redirect(location: string): Response {
  return new Response(null, { status: 307, headers: { location } });
}
