import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { createKubernetesClient } from "../../lib/kubernetes/client.ts";
import { keepConnections } from "../../lib/kubernetes/connections.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { until } from "../support/until.ts";

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority();
});

const listeners: TCPSocketListener<undefined>[] = [];
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.stop(true);
});

interface Peer {
  readonly url: string;
  /** Connections so far, those that were closed too. */
  readonly sockets: Socket<undefined>[];
  readonly requests: string[];
  /** How many of them were closed. */
  closed(): number;
}

/** What listens is told each request, and answers as it likes. */
async function startPeer(
  answer: (socket: Socket<undefined>, request: string) => void,
  name = "127.0.0.1",
): Promise<Peer> {
  const sockets: Socket<undefined>[] = [];
  const requests: string[] = [];
  let closed = 0;
  const { cert, key } = await authority.issue({ names: [name] });
  const listener = Bun.listen<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    socket: {
      open: (socket) => void sockets.push(socket),
      close() {
        closed += 1;
      },
      data(socket, bytes) {
        const request = bytes.toString();
        requests.push(request);
        answer(socket, request);
      },
    },
  });
  listeners.push(listener);
  return { url: `https://127.0.0.1:${listener.port}`, sockets, requests, closed: () => closed };
}

const nameIn = (request: string) => /^GET \/(\S+)/.exec(request)?.[1] ?? "";
const objectOf = (request: string) => JSON.stringify({ name: nameIn(request) });
const whole = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

function clientOf({ url }: Peer, ca = authority.pem, now?: () => number) {
  const client = createKubernetesClient({ url, ca }, undefined, keepConnections({ url, ca }, now));
  return (name: string, signal = AbortSignal.timeout(10_000)) =>
    client.request({ method: "GET", path: `/${name}`, signal });
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error) => error.code,
  );

describe("a connection", () => {
  test("is kept for the next request", async () => {
    const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
    const get = clientOf(peer);
    for (const name of ["a", "b", "c"]) expect(await get(name)).toMatchObject({ object: { name } });
    expect(peer.sockets).toHaveLength(1);
  });

  test("has one request at a time: what is asked beside it gets one of its own", async () => {
    const waiting: (() => void)[] = [];
    const peer = await startPeer((socket, request) => {
      waiting.push(() => socket.write(whole(objectOf(request))));
      if (waiting.length === 3) for (const answer of waiting.reverse()) answer();
    });
    const get = clientOf(peer);
    const names = ["a", "b", "c"];
    const answers = await Promise.all(names.map((name) => get(name)));
    expect(answers).toMatchObject(names.map((name) => ({ object: { name } })));
    expect(peer.sockets).toHaveLength(3);
  });

  test("that was closed while nothing was asked is replaced", async () => {
    const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
    const get = clientOf(peer);
    await get("a");
    peer.sockets[0]?.end();
    expect(await get("b")).toMatchObject({ object: { name: "b" } });
    expect(peer.sockets).toHaveLength(2);
  });

  test("that is closed just as it is asked is replaced, and a new one is not", async () => {
    const peer = await startPeer((socket, request) => {
      if (nameIn(request) === "first") socket.write(whole(objectOf(request)));
      else socket.end();
    });
    const get = clientOf(peer);
    await get("first");
    expect(await codeOf(get("second"))).toBe("kubernetes_unavailable");
    expect(peer.requests.map(nameIn)).toEqual(["first", "second", "second"]);
  });

  test("that nothing was asked on for long is not trusted to be there", async () => {
    let now = 0;
    const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
    const get = clientOf(peer, authority.pem, () => now);
    await get("a");
    now = 89_999;
    await get("b");
    expect(peer.sockets).toHaveLength(1);
    now += 90_000;
    await get("c");
    expect(peer.sockets).toHaveLength(2);
    await until(() => peer.closed() === 1);
  });

  test("that nothing comes on is trusted no more, nor are those that were kept beside it", async () => {
    const gone = new Set<Socket<undefined>>();
    const waiting: (() => void)[] = [];
    const peer = await startPeer((socket, request) => {
      if (gone.has(socket)) return;
      waiting.push(() => socket.write(whole(objectOf(request))));
      if (waiting.length >= 3) for (const answer of waiting) answer();
    });
    const get = clientOf(peer);
    await Promise.all(["a", "b", "c"].map((name) => get(name)));
    for (const socket of peer.sockets) gone.add(socket);
    expect(await codeOf(get("d", AbortSignal.timeout(50)))).toBe("kubernetes_unavailable");
    expect(await get("e")).toMatchObject({ object: { name: "e" } });
    expect(peer.sockets).toHaveLength(4);
  });

  test("is neither made nor taken for a request whose time is over before it begins", async () => {
    const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
    const get = clientOf(peer);
    expect(await codeOf(get("late", AbortSignal.abort()))).toBe("kubernetes_unavailable");
    await get("a");
    expect(await codeOf(get("late", AbortSignal.abort()))).toBe("kubernetes_unavailable");
    await get("b");
    expect(peer.requests.map(nameIn)).toEqual(["a", "b"]);
    expect(peer.sockets).toHaveLength(1);
  });

  test("that says it is the last is not used again", async () => {
    const peer = await startPeer((socket, request) => {
      const body = objectOf(request);
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const get = clientOf(peer);
    await get("a");
    await get("b");
    expect(peer.sockets).toHaveLength(2);
  });
});

describe("nobody gets another's answer", () => {
  test("after one that came too late", async () => {
    const late: (() => void)[] = [];
    const peer = await startPeer((socket, request) => {
      const answer = () => void socket.write(whole(objectOf(request)));
      if (nameIn(request) === "late") late.push(answer);
      else answer();
    });
    const get = clientOf(peer);
    await get("first");
    const giveUp = new AbortController();
    const asked = codeOf(get("late", giveUp.signal));
    await until(() => late.length === 1);
    giveUp.abort();
    expect(await asked).toBe("kubernetes_unavailable");
    for (const answer of late) answer();
    expect(await get("next")).toMatchObject({ object: { name: "next" } });
    expect(peer.sockets).toHaveLength(2);
  });

  test.each([
    ["with the answer before it", true],
    ["while nothing was asked", false],
  ])("when one comes that nobody asked for, %s", async (_when, isTogether) => {
    const foreign = whole('{"name":"foreign"}');
    const peer = await startPeer((socket, request) => {
      socket.write(whole(objectOf(request)) + (isTogether && nameIn(request) === "first" ? foreign : ""));
    });
    const get = clientOf(peer);
    expect(await get("first")).toMatchObject({ object: { name: "first" } });
    if (!isTogether) peer.sockets[0]?.write(foreign);
    await until(() => peer.closed() === 1);
    const answers = [await get("second"), await get("third")];
    expect(answers).toMatchObject([{ object: { name: "second" } }, { object: { name: "third" } }]);
  });
});

test("what changes something is sent once, over a connection that was not kept", async () => {
  const peer = await startPeer((socket, request) => {
    if (request.startsWith("GET")) socket.write(whole(objectOf(request)));
    else socket.end();
  });
  const { url } = peer;
  const connection = { url, ca: authority.pem };
  const client = createKubernetesClient(connection, undefined, keepConnections(connection));
  const signal = AbortSignal.timeout(10_000);
  await client.request({ method: "GET", path: "/a", signal });
  const event = { method: "POST", path: "/api/v1/namespaces/shop/events", body: {}, signal } as const;
  expect(await codeOf(client.request(event))).toBe("kubernetes_unavailable");
  expect(peer.requests.filter((request) => request.startsWith("POST"))).toHaveLength(1);
  expect(peer.sockets).toHaveLength(2);
});

test("a request longer than the kernel takes at once arrives whole, in the length that it says", async () => {
  let received = Buffer.alloc(0);
  const { cert, key } = await authority.issue({ names: ["127.0.0.1"] });
  const listener = Bun.listen<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    socket: {
      data(socket, bytes) {
        received = Buffer.concat([received, bytes]);
        const [, length] = /content-length: (\d+)/i.exec(received.toString("latin1", 0, 200)) ?? [];
        const body = received.indexOf("\r\n\r\n") + 4;
        if (received.length - body >= Number(length)) socket.write(whole("{}"));
      },
    },
  });
  listeners.push(listener);
  const connection = { url: `https://127.0.0.1:${listener.port}`, ca: authority.pem };
  const client = createKubernetesClient(connection, undefined, keepConnections(connection));
  const body = { text: "€uro ".repeat(1_000_000) };
  const path = "/apis/authentication.k8s.io/v1/tokenreviews";
  const signal = AbortSignal.timeout(30_000);
  for (let count = 0; count < 2; count += 1) {
    received = Buffer.alloc(0);
    expect(await client.request({ method: "POST", path, body, signal })).toMatchObject({ ok: true });
    expect(JSON.parse(received.toString("utf8", received.indexOf("\r\n\r\n") + 4))).toEqual(body);
  }
});

test("a token that was replaced is sent from then on", async () => {
  const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
  const tokens = ["one", "one", "two"];
  const token = { current: () => tokens.shift() ?? "none", forget() {} };
  const connection = { url: peer.url, ca: authority.pem };
  const client = createKubernetesClient(connection, token, keepConnections(connection));
  const signal = AbortSignal.timeout(10_000);
  for (const path of ["/a", "/b", "/c"]) await client.request({ method: "GET", path, signal });
  const sent = peer.requests.map((request) => /^Authorization: Bearer (.*)$/m.exec(request)?.[1]?.trim());
  expect(sent).toEqual(["one", "one", "two"]);
});

test("a token with a line break in it is not sent", async () => {
  const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
  const token = { current: async () => "a\r\nImpersonate-User: system:admin", forget() {} };
  const { url } = peer;
  const client = createKubernetesClient(
    { url, ca: authority.pem },
    token,
    keepConnections({ url, ca: authority.pem }),
  );
  const signal = AbortSignal.timeout(10_000);
  expect(await codeOf(client.request({ method: "GET", path: "/a", signal }))).toBe("kubernetes_unavailable");
  expect(peer.requests).toEqual([]);
});

describe("an answer", () => {
  test("in chunks and pieces is read", async () => {
    const text = JSON.stringify({ name: "x".repeat(100_000), end: "€" });
    const bytes = Buffer.from(text);
    const peer = await startPeer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const part of [bytes.subarray(0, 40_000), bytes.subarray(40_000)]) {
        socket.write(`${part.length.toString(16)}\r\n`);
        socket.write(part);
        socket.write("\r\n");
      }
      socket.write("0\r\n\r\n");
      socket.flush();
    });
    expect(await clientOf(peer)("a")).toEqual({ ok: true, object: JSON.parse(text) });
  });

  test("that breaks off is no answer", async () => {
    const peer = await startPeer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"name":"a"}');
      socket.end();
    });
    expect(await codeOf(clientOf(peer)("a"))).toBe("kubernetes_unavailable");
  });

  test("of an API server that refuses is told as it says", async () => {
    const status = '{"kind":"Status","reason":"NotFound","message":"no such Pod"}';
    const peer = await startPeer((socket) => {
      socket.write(`HTTP/1.1 404 Not Found\r\nContent-Length: ${status.length}\r\n\r\n${status}`);
    });
    expect(await clientOf(peer)("a")).toEqual({
      ok: false,
      code: 404,
      reason: "NotFound",
      message: "no such Pod",
    });
  });
});

describe("who answers", () => {
  test("must have a certificate of the cluster's CA", async () => {
    const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))));
    const other = await createCertificateAuthority();
    expect(await codeOf(clientOf(peer, other.pem)("a"))).toBe("kubernetes_unavailable");
    expect(peer.requests).toEqual([]);
  });

  test("must be who was meant", async () => {
    const peer = await startPeer((socket, request) => socket.write(whole(objectOf(request))), "10.96.0.1");
    expect(await codeOf(clientOf(peer)("a"))).toBe("kubernetes_unavailable");
    expect(peer.requests).toEqual([]);
  });
});
