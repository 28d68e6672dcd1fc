/** What came, read at once: a Request of Bun has lost its headers when it is answered. */
interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** An HTTP endpoint beside a container, of which a test says what it answers. */
export interface Endpoint {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly Received[];
  stop(): Promise<void>;
}

export function startEndpoint(
  answer: (request: Request, url: URL) => Response | Promise<Response>,
): Endpoint {
  const requests: Received[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => {
      requests.push({ method: request.method, url: request.url, headers: new Headers(request.headers) });
      return answer(request, new URL(request.url));
    },
  });
  const { port = 0 } = server;
  return { url: `http://127.0.0.1:${port}`, port, requests, stop: () => server.stop(true) };
}
