/** A socket that answers piece by piece: what comes of it is what comes of the whole. */
import fc from "fast-check";
import { connect } from "../../../lib/connection.ts";
import { parseAnswer } from "../../../lib/http-answer.ts";
import { damaged } from "../near.ts";
import { read, readLater } from "../read.ts";
import { target } from "../target.ts";

const ANSWERS = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nExpires: 0\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
];
const GRAMMAR = ["\r\n", "0\r\n\r\n", "Content-Length: 5\r\n", "5\r\nhello\r\n", ": "];

/** One server for all: it sends what stands here, a piece at a time, and hangs up. */
let pieces: readonly string[] = [];
let server: ReturnType<typeof start> | undefined;

function start() {
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async data(socket) {
        const sent = pieces;
        for (const piece of sent) {
          socket.write(Buffer.from(piece, "latin1"));
          socket.flush();
          await new Promise(setImmediate);
        }
        socket.end();
      },
    },
  });
}

export const connections = target({
  name: "connection",
  inputs: fc.record({
    text: damaged(fc.constantFrom(...ANSWERS), GRAMMAR).map((text) => Buffer.from(text).toString("latin1")),
    cuts: fc.array(fc.nat({ max: 120 }), { maxLength: 5 }),
  }),
  async check({ text, cuts }) {
    server ??= start();
    server.unref();
    const places = [0, ...new Set(cuts.filter((at) => at > 0 && at < text.length)), text.length].toSorted(
      (a, b) => a - b,
    );
    pieces = places
      .slice(1)
      .map((end, index) => text.slice(places[index], end))
      .filter((piece) => piece !== "");
    const whole = read(() => parseAnswer(Buffer.from(text, "latin1"), true));
    const until = AbortSignal.timeout(5_000);
    const connection = await connect({ hostname: "127.0.0.1", port: server.port, tls: undefined }, until);
    const came = await readLater(() => connection.exchange("GET / HTTP/1.1\r\n\r\n", until));
    connection.close();
    if (until.aborted) throw new Error("nothing came in time");
    if (whole.ok !== came.ok)
      throw new Error(`${JSON.stringify(came)}, and as a whole ${JSON.stringify(whole)}`);
    if (!whole.ok || !came.ok) return "refused";
    if (
      whole.value === undefined ||
      came.value.body !== whole.value.body ||
      came.value.status !== whole.value.status
    ) {
      throw new Error(`${JSON.stringify(came)}, and as a whole ${JSON.stringify(whole)}`);
    }
    return came.value.reusable ? "an answer" : "the last answer";
  },
});
