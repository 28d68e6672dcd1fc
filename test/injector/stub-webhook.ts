/** A server that a container takes for piggy-webhooks, to answer as the real one never would. */

export interface StubRequest {
  readonly method: string;
  readonly path: string;
  /** As the client named it: the Host header. */
  readonly host: string;
  readonly body: string;
}

export interface StubWebhook {
  readonly port: number;
  readonly requests: readonly StubRequest[];
  stop(): Promise<void>;
}

export interface StubOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly hostname?: string;
  /** The answer to the request of this number, from 0. */
  readonly answer: (index: number) => Response | Promise<Response>;
}

export function startStubWebhook({ tls, hostname = "127.0.0.1", answer }: StubOptions): StubWebhook {
  const requests: StubRequest[] = [];
  const server = Bun.serve({
    hostname,
    port: 0,
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      const index = requests.length;
      const { pathname, search } = new URL(request.url);
      const host = request.headers.get("host") ?? "";
      requests.push({ method: request.method, path: pathname + search, host, body: await request.text() });
      return answer(index);
    },
  });
  const { port } = server;
  if (port === undefined) throw new Error("the server has no port");
  return { port, requests, stop: () => server.stop(true) };
}
