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

const servers: Bun.Server<undefined>[] = [];

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
