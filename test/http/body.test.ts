/** Requests that are too long or too slow to be read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type TLSSocket } from "node:tls";
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
