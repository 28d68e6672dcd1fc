/** What is no TLS, or one of old. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { startWorld, type World } from "../../support/world.ts";

setDefaultTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** What comes back until the webhook closes, or as much as is enough. */
function exchange(bytes: Uint8Array, enough: number): Promise<Buffer> {
  const [host = "", port = ""] = world.webhook.address.split(":");
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  let received = Buffer.alloc(0);
  const socket = connect({ host, port: Number(port) }, () => socket.write(bytes));
  socket.on("data", (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    if (received.length >= enough) socket.destroy();
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve(received));
  return promise;
}

/** A ClientHello that offers this version at most. Source: RFC 5246, 7.4.1.2 */
function clientHello(minor: number): Uint8Array {
  // ECDHE with ECDSA and RSA, and plain RSA, each with AES-128-CBC and SHA-1: all that is older than 1.2 has.
  const suites = [0xc0, 0x09, 0xc0, 0x13, 0x00, 0x2f];
  const curves = [0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17];
  const body = [
    3,
    minor,
    ...Array<number>(32).fill(7),
    0,
    0,
    suites.length,
    ...suites,
    1,
    0,
    0,
    curves.length,
    ...curves,
  ];
  const handshake = [1, 0, 0, body.length, ...body];
  return Uint8Array.from([22, 3, 1, 0, handshake.length, ...handshake]);
}

const ALERT = 21;
const HANDSHAKE = 22;
const PROTOCOL_VERSION = 70;

test.each([
  ["1.0", 1],
  ["1.1", 2],
])("TLS %s is refused", async (_, minor) => {
  const answer = await exchange(clientHello(minor), 7);
  expect([answer[0], answer[6]]).toEqual([ALERT, PROTOCOL_VERSION]);
});

test("TLS 1.2 is not", async () => {
  expect((await exchange(clientHello(3), 7))[0]).toBe(HANDSHAKE);
});

test("a request without TLS is not read", async () => {
  const answer = await exchange(Buffer.from("GET /healthz HTTP/1.1\r\nHost: piggy\r\n\r\n"), 1_000);
  expect(answer.toString("latin1")).not.toContain("200");
});
