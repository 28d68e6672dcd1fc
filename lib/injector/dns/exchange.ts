/** One question to one server, over a socket of its own. Source: RFC 1035, 4.2; RFC 7766. */
import { familyOf } from "./address.ts";
import { encodeQuestion, parseReply, type Question, type Reply } from "./message.ts";

const PORT = 53;
const LENGTH_PREFIX = 2;

export type Protocol = "udp" | "tcp";

/**
 * The server's answer; over TCP too where it did not fit into a datagram.
 * @throws Error that says why there is none
 */
export async function exchange(
  server: string,
  asked: Omit<Question, "id">,
  protocol: Protocol,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Reply> {
  if (protocol === "udp") {
    const reply = await within(timeoutMs, signal, (until) => overUdp(server, withId(asked), until));
    if (!reply.isTruncated) return reply;
  }
  return within(timeoutMs, signal, (until) => overTcp(server, withId(asked), until));
}

function withId(asked: Omit<Question, "id">): Question {
  const [id = 0] = crypto.getRandomValues(new Uint16Array(1));
  return { ...asked, id };
}

type Reject = (error: unknown) => void;

/** Gives up in time. What is asked is told by the signal, which ends in every case. */
async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  ask: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const late = Promise.withResolvers<never>();
  const giveUp = () => late.reject(new Error("no answer in time"));
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([late.promise, ask(ended.signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
    ended.abort();
  }
}

/**
 * From a port that the kernel picks for this question alone: to be guessed besides the id, and never the same for A
 * and AAAA, whose datagrams Linux's address translation otherwise takes for one another and drops.
 */
async function overUdp(server: string, question: Question, until: AbortSignal): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  promise.catch(() => {});
  const socket = await Bun.udpSocket({
    hostname: familyOf(server) === 6 ? "::" : "0.0.0.0",
    // Connected: the kernel passes on what this server sent, and nobody else.
    connect: { hostname: server, port: PORT },
    socket: {
      data: (_socket, message) =>
        attempt(reject, () => {
          const reply = parseReply(message, question);
          // Not to this question: the right one may still come.
          if (reply !== undefined) resolve(reply);
        }),
      // Declared to have the error second; Bun 1.4 hands it in alone.
      error: (...told: readonly unknown[]) => reject(told.find((value) => value instanceof Error)),
    },
  });
  until.addEventListener("abort", () => socket.close(), { once: true });
  if (until.aborted) socket.close();
  else socket.send(encoded(question));
  return promise;
}

async function overTcp(server: string, question: Question, until: AbortSignal): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  promise.catch(() => {});
  let received = Buffer.alloc(0);
  const connecting = Bun.connect({
    hostname: server,
    port: PORT,
    socket: {
      open(socket) {
        const message = encoded(question);
        // A new connection takes so few bytes at once.
        socket.write(Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]));
      },
      data: (_socket, bytes) =>
        attempt(reject, () => {
          received = Buffer.concat([received, bytes]);
          if (received.length < LENGTH_PREFIX) return;
          const end = LENGTH_PREFIX + received.readUInt16BE(0);
          if (received.length < end) return;
          const reply = parseReply(received.subarray(LENGTH_PREFIX, end), question);
          if (reply === undefined) throw new Error("it answers another question");
          resolve(reply);
        }),
      close: (_socket, error) => reject(error ?? new Error("it closed the connection without an answer")),
      error: (_socket, error) => reject(error),
      connectError: (_socket, error) => reject(error),
    },
  });
  connecting.catch(reject);
  const close = () => void connecting.then((socket) => socket.terminate()).catch(() => {});
  until.addEventListener("abort", close, { once: true });
  if (until.aborted) close();
  return promise;
}

function attempt(reject: Reject, act: () => void): void {
  try {
    act();
  } catch (error) {
    reject(error);
  }
}

/** @throws Error that no name of `candidateNames` leads to */
function encoded(question: Question): Uint8Array {
  const message = encodeQuestion(question);
  if (message === undefined) throw new Error("it is no domain name");
  return message;
}
