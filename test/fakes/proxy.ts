import { connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream";

export interface ProxyRequest {
  readonly method: string;
  /** `host:port` of a tunnel, the absolute URL of a plain request. */
  readonly target: string;
}

export interface ProxyFake {
  readonly url: string;
  readonly requests: readonly ProxyRequest[];
  stop(): Promise<void>;
}

interface Head {
  readonly request: ProxyRequest;
  readonly fields: readonly string[];
  /** What arrived behind the head. */
  readonly rest: Buffer;
}

/** Where a request goes, and the first bytes each side is sent. */
interface Route {
  readonly host: string;
  readonly port: number;
  readonly toClient: string;
  readonly toUpstream: string;
}

const END_OF_HEAD = "\r\n\r\n";

/**
 * A forward proxy on 127.0.0.1: CONNECT tunnels, and plain requests in absolute form (RFC 9112, 3.2). `ports` are those
 * on 127.0.0.1 of names that nobody else knows, such as `registry.example.com:443`.
 */
export function startProxy(ports: Readonly<Record<string, number>> = {}): ProxyFake {
  const requests: ProxyRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    track(client);
    readHead(client, (head) => {
      requests.push(head.request);
      const route = routeOf(head, ports);
      if (route) join(client, track(connect({ host: route.host, port: route.port })), route, head.rest);
      else client.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: 0${END_OF_HEAD}`);
    });
  });
  server.listen(0, "127.0.0.1");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  function track(socket: Socket): Socket {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", ignore);
    return socket;
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

function readHead(client: Socket, onHead: (head: Head) => void): void {
  let received = Buffer.alloc(0);
  client.on("data", function read(chunk: Buffer) {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf(END_OF_HEAD);
    if (end === -1) return;
    client.off("data", read);
    client.pause();
    const [start = "", ...fields] = received.subarray(0, end).toString("latin1").split("\r\n");
    const [method = "", target = ""] = start.split(" ");
    onHead({ request: { method, target }, fields, rest: received.subarray(end + END_OF_HEAD.length) });
  });
}

function routeOf(
  { request: { method, target }, fields }: Head,
  ports: Readonly<Record<string, number>>,
): Route | undefined {
  const tunnel = method === "CONNECT";
  const url = URL.parse(tunnel ? `http://${target}` : target);
  if (url?.protocol !== "http:") return undefined;
  const known = ports[`${url.hostname}:${url.port || 80}`];
  const to =
    known === undefined
      ? { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 80) }
      : { host: "127.0.0.1", port: known };
  if (tunnel) return { ...to, toClient: `HTTP/1.1 200 Connection Established${END_OF_HEAD}`, toUpstream: "" };
  const start = `${method} ${url.pathname}${url.search} HTTP/1.1`;
  // One request a connection: the next one on it could be for another host.
  const kept = fields.filter((field) => !/^(proxy-[\w-]+|connection|keep-alive):/i.test(field));
  return {
    ...to,
    toClient: "",
    toUpstream: [start, ...kept, "Connection: close"].join("\r\n") + END_OF_HEAD,
  };
}

function join(client: Socket, upstream: Socket, { toClient, toUpstream }: Route, rest: Buffer): void {
  const refuse = () => client.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0${END_OF_HEAD}`);
  upstream.once("error", refuse);
  upstream.once("connect", () => {
    upstream.off("error", refuse);
    client.write(toClient);
    upstream.write(Buffer.concat([Buffer.from(toUpstream, "latin1"), rest]));
    // Whichever side ends or fails takes the other with it; there is nobody to report it to.
    pipeline(client, upstream, client, ignore);
  });
}

function ignore(): void {}
