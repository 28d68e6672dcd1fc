/** Requests that are too long or too slow to be read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { scrape } from "../metrics/scrape.ts";
import { until } from "../support/until.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** Sends the head of a POST and a part of its body, and waits for what is answered. */
async function sendPart(path: string, headers: string, part: string): Promise<string> {
  const [host = "", port = ""] = world.webhook.address.split(":");
  const socket: TLSSocket = connect({ host, port: Number(port), ca: world.authority.pem });
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n\r\n${part}`);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once("data", (bytes: Buffer) => resolve(bytes.toString()));
  socket.once("error", reject);
  const answer = await promise;
  socket.destroy();
  return answer;
}

/** Clients that say what they will send, and then send no more of it. */
async function withSlowClients(
  count: number,
  headers: string,
  part: string,
  work: () => Promise<void>,
): Promise<void> {
  const [host = "", port = ""] = world.webhook.address.split(":");
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ host, port: Number(port), ca: world.authority.pem });
      await once(socket, "secureConnect");
      socket.write(`POST /secret HTTP/1.1\r\nHost: ${host}\r\nX-Token: t\r\n${headers}\r\n\r\n${part}`);
      return socket;
    }),
  );
  try {
    await work();
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

describe("POST /secret", () => {
  test("without a token is answered before its body has come", async () => {
    expect(await sendPart("/secret", "Content-Length: 1000", "{")).toStartWith("HTTP/1.1 401");
  });

  test("with a body of more than 1 MiB is refused by its length alone", async () => {
    const answer = await sendPart("/secret", "X-Token: t\r\nContent-Length: 2000000", "{");
    expect(answer).toStartWith("HTTP/1.1 400");
    expect(answer).toContain("longer than 1048576 bytes");
  });

  test("with a body of more than 1 MiB in chunks is refused", async () => {
    const chunk = `80000\r\n${"x".repeat(0x80000)}\r\n`;
    const answer = await sendPart("/secret", "X-Token: t\r\nTransfer-Encoding: chunked", chunk.repeat(3));
    expect(answer).toContain("longer than 1048576 bytes");
  });
});

describe("bodies of POST /secret that are long, all together", () => {
  const LONG = "Content-Length: 1048576";
  const WHOLE = "{}".padEnd(1024 * 1024);
  const SHORT = "X-Token: t\r\nContent-Length: 2";
  /** Until so many have come that another is refused. */
  const untilRefused = async () => {
    let answer = "";
    while (!answer.startsWith("HTTP/1.1 429"))
      answer = await sendPart("/secret", `X-Token: t\r\n${LONG}`, WHOLE);
    return answer;
  };

  test("are refused past their bound with 429, to be tried again, and short ones are not", async () => {
    await withSlowClients(8, LONG, "{", async () => {
      expect((await untilRefused()).toLowerCase()).toContain("\r\nretry-after: 1\r\n");
      expect(await sendPart("/secret", SHORT, "{}")).toStartWith("HTTP/1.1 400");
    });
  });

  test("are counted where they are refused", async () => {
    const refused = async () =>
      (await scrape(world.webhook)).value("piggy_queue_refusals_total", { queue: "requests" });
    const before = await refused();
    await withSlowClients(8, LONG, "{", async () => {
      await untilRefused();
      expect(await refused()).toBeGreaterThan(before);
    });
  });

  test("count in chunks as if they were as long as they may be", async () => {
    await withSlowClients(8, "Transfer-Encoding: chunked", "1\r\n{\r\n", async () => {
      await untilRefused();
    });
  });

  test("count no more when they have come, or are given up", async () => {
    await withSlowClients(8, LONG, "{", async () => void (await untilRefused()));
    const send = () => sendPart("/secret", `X-Token: t\r\n${LONG}`, WHOLE);
    await until(async () => !(await send()).startsWith("HTTP/1.1 429"));
    for (let count = 0; count < 20; count += 1) {
      expect(await send()).toStartWith("HTTP/1.1 400");
    }
  });
});

test("a body of POST /secret that does not come is given up before its Pod gives up, and its connection is closed", async () => {
  const [host = "", port = ""] = world.webhook.address.split(":");
  const socket = connect({ host, port: Number(port), ca: world.authority.pem });
  socket.write(`POST /secret HTTP/1.1\r\nHost: ${host}\r\nX-Token: t\r\nContent-Length: 1000\r\n\r\n{`);
  let answer = "";
  socket.on("data", (bytes: Buffer) => {
    answer += bytes;
  });
  await once(socket, "close");
  expect(answer).toStartWith("HTTP/1.1 400");
  expect(answer).toContain("did not come in time");
}, 20_000);

describe("a head", () => {
  const open = () => {
    const [host = "", port = ""] = world.webhook.address.split(":");
    return connect({ host, port: Number(port), ca: world.authority.pem });
  };

  test("of more than 16 KiB is refused", async () => {
    const socket = open();
    socket.write(`POST /secret HTTP/1.1\r\nX-Token: ${"t".repeat(17 * 1024)}\r\n\r\n`);
    const [bytes]: [Buffer] = (await once(socket, "data")) as [Buffer];
    expect(String(bytes)).toStartWith("HTTP/1.1 431");
    socket.destroy();
  });

  test("that comes a little at a time is given up, and its connection closed", async () => {
    const socket = open();
    socket.write("POST /secret HTTP/1.1\r\n");
    const dripping = setInterval(() => socket.write("X-Drop: 1\r\n"), 200);
    socket.on("error", () => {});
    await once(socket, "close");
    clearInterval(dripping);
  }, 60_000);
});

test("a length that is said twice does not lift the limit", async () => {
  const twice = "Content-Length: 2000000\r\nContent-Length: 2000000";
  const answer = await sendPart("/secret", `X-Token: t\r\n${twice}`, "x".repeat(2_000_000));
  expect(answer).toStartWith("HTTP/1.1 400");
  expect(answer).toContain("longer than 1048576 bytes");
});

test("a review of more than 8 MiB in chunks is refused while it comes", async () => {
  const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
  const answer = await sendPart("/mutate?timeout=30s", "Transfer-Encoding: chunked", chunk.repeat(9));
  expect(answer).toStartWith("HTTP/1.1 413");
});

test("a review whose body does not come is answered within its own time", async () => {
  const answer = await sendPart("/mutate?timeout=1s", "Content-Length: 1000", "{");
  expect(answer).toStartWith("HTTP/1.1 400");
  expect(answer).toContain("did not come in time");
});
