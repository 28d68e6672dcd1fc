import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { createCertificateAuthority } from "./certificates";
import { type ProxyFake, startProxy } from "./proxy";

let proxy: ProxyFake;
const stops: (() => unknown)[] = [];

beforeEach(() => {
  proxy = startProxy();
  stops.push(() => proxy.stop());
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

describe("a plain request", () => {
  test("reaches its origin with method, query, fields and body", async () => {
    const origin = serve(async (request) => {
      const { pathname, search } = new URL(request.url);
      const echo = `${request.method} ${pathname}${search} ${request.headers.get("x-test")} ${await request.text()}`;
      return new Response(echo, { status: 201 });
    });
    const url = `http://127.0.0.1:${origin}/path?a=1&b=2`;
    const body = "x".repeat(200_000);
    const response = await fetch(url, {
      method: "POST",
      headers: { "x-test": "yes" },
      body,
      proxy: proxy.url,
    });
    expect(response.status).toBe(201);
    expect(await response.text()).toBe(`POST /path?a=1&b=2 yes ${body}`);
    expect(proxy.requests).toEqual([{ method: "POST", target: url }]);
  });

  test("is recorded once each, on whatever connection it comes", async () => {
    const urls = [serve(() => new Response("one")), serve(() => new Response("two"))].map(
      (port) => `http://127.0.0.1:${port}/`,
    );
    const bodies: string[] = [];
    for (const url of [...urls, ...urls]) bodies.push(await (await fetch(url, { proxy: proxy.url })).text());
    expect(bodies).toEqual(["one", "two", "one", "two"]);
    expect(proxy.requests.map(({ target }) => target)).toEqual([...urls, ...urls]);
  });

  test("arrives in origin form and asks for one answer a connection", async () => {
    const { port } = await listen((socket) => {
      received(socket, "\r\n\r\n").then((head) => {
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`);
      });
    });
    const response = await fetch(`http://127.0.0.1:${port}/path?a=1`, { proxy: proxy.url });
    const [start, ...fields] = (await response.text()).trimEnd().split("\r\n");
    expect(start).toBe("GET /path?a=1 HTTP/1.1");
    expect(fields.filter((field) => /^connection:/i.test(field))).toEqual(["Connection: close"]);
    expect(fields).toContain(`Host: 127.0.0.1:${port}`);
  });

  test("gets the proxy's credentials stripped", async () => {
    const origin = serve((request) => Response.json([...request.headers.keys()]));
    const headers = { "proxy-authorization": "Basic eDp5" };
    const response = await fetch(`http://127.0.0.1:${origin}/`, { headers, proxy: proxy.url });
    expect(await response.json()).not.toContain("proxy-authorization");
  });

  test("to a closed port is answered 502", async () => {
    const response = await fetch(`http://127.0.0.1:${await closedPort()}/`, { proxy: proxy.url });
    expect(response.status).toBe(502);
  });

  test("in origin form is answered 400", async () => {
    const response = await fetch(`${proxy.url}/path`, { keepalive: false });
    expect(response.status).toBe(400);
  });
});

describe("a tunnel", () => {
  test("carries https end to end", async () => {
    const authority = await createCertificateAuthority();
    const tls = await authority.issue({ names: ["localhost"] });
    const body = "y".repeat(500_000);
    const port = serve(() => new Response(body), tls);
    const response = await fetch(`https://localhost:${port}/secret`, {
      proxy: proxy.url,
      tls: { ca: authority.pem },
    });
    expect((await response.text()) === body).toBe(true);
    expect(proxy.requests).toEqual([{ method: "CONNECT", target: `localhost:${port}` }]);
  });

  test("to a closed port is answered 502", async () => {
    const client = dial();
    client.write(`CONNECT 127.0.0.1:${await closedPort()} HTTP/1.1\r\n\r\n`);
    expect(await received(client, "\r\n\r\n")).toStartWith("HTTP/1.1 502 ");
  });

  test("passes bytes that came with the CONNECT", async () => {
    const { port, accepted } = await listen((socket) => socket.pipe(socket));
    const client = dial();
    client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\nearly`);
    await accepted;
    expect(await received(client, "early")).toStartWith("HTTP/1.1 200 ");
  });

  test.each(["destroy", "resetAndDestroy"] as const)(
    "closes at its target when the client goes away (%s)",
    async (leave) => {
      const { port, accepted } = await listen();
      const client = dial();
      client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
      const target = await accepted;
      await received(client, "\r\n\r\n");
      const closed = closing(target);
      client[leave]();
      await closed;
      expect(target.destroyed).toBe(true);
    },
  );

  test("closes at its client when the target breaks off", async () => {
    const { port, accepted } = await listen();
    const client = dial();
    client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
    const target = await accepted;
    await received(client, "\r\n\r\n");
    const closed = closing(client);
    const more = Array.fromAsync(client, String).catch(() => []);
    target.resetAndDestroy();
    await closed;
    expect(await more).toEqual([]);
  });

  test("closes at its client when the target goes away, after the last byte", async () => {
    const { port } = await listen((socket) => socket.end("last"));
    const client = dial();
    const closed = closing(client);
    const bytes = received(client, "last");
    client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
    expect(await bytes).toEndWith("\r\n\r\nlast");
    await closed;
    expect(client.destroyed).toBe(true);
  });

  test("closes on both sides when the proxy stops", async () => {
    const { port, accepted } = await listen();
    const client = dial();
    client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
    const target = await accepted;
    await received(client, "\r\n\r\n");
    const closed = Promise.all([closing(client), closing(target)]);
    await proxy.stop();
    await closed;
    expect([client.destroyed, target.destroyed]).toEqual([true, true]);
    await expect(fetch(proxy.url, { keepalive: false })).rejects.toThrow();
  });
});

function serve(
  answer: (request: Request) => Response | Promise<Response>,
  tls?: { cert: string; key: string },
): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer, ...(tls && { tls }) });
  stops.push(() => server.stop(true));
  if (server.port === undefined) throw new Error("the origin has no port");
  return server.port;
}

async function listen(serveSocket: (socket: Socket) => void = (socket) => socket.resume()) {
  const { promise: accepted, resolve } = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    serveSocket(socket);
    resolve(socket);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  stops.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the target has no port");
  return { port: address.port, accepted };
}

async function closedPort(): Promise<number> {
  const { port } = await listen();
  await stops.pop()?.();
  return port;
}

function dial(): Socket {
  const client = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  client.on("error", () => client.destroy());
  stops.push(() => client.destroy());
  return client;
}

/** What arrives, up to the given ending. */
function received(socket: Socket, ending: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (text.endsWith(ending)) resolve(text);
    });
  });
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
