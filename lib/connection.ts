/**
 * HTTP/1.1 over a socket of our own. In an injector Bun's fetch would do the same some milliseconds later: it loads the
 * built-in root store even where a CA is given, and can neither connect by address and check by name within a time of
 * its own, nor be told to wait for nothing. In a server it costs twice as much: it hands each request to a thread.
 */
import type { Socket } from "bun";
import { type ErrorCode, messageOf, PiggyError } from "./error.ts";
import { type Answer, parseAnswer } from "./http-answer.ts";
import { parseJson } from "./json.ts";

export interface Destination {
  /** Name or address to connect to, an IPv6 one without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Undefined for plain HTTP. */
  readonly tls:
    | {
        /** PEM of what the certificate is verified by; undefined for the built-in roots. */
        readonly ca: string | readonly string[] | undefined;
        /** The name that the certificate must be for. */
        readonly serverName: string;
        readonly verify: boolean;
      }
    | undefined;
}

export interface Connection {
  /**
   * Sends one request and waits for its answer, until the signal ends. One at a time.
   * @throws PiggyError `connection_failed`, `answer_invalid`
   */
  exchange(request: string, until: AbortSignal): Promise<Answer>;
  /** Whether it can carry a request, as far as is known. */
  isOpen(): boolean;
  close(): void;
}

/** A request that waits for its answer. */
interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface State {
  /** What is connected to, as an error says it. */
  readonly where: string;
  received: Buffer | undefined;
  readonly opened: PromiseWithResolvers<void>;
  asked: Asked | undefined;
  failure: PiggyError | undefined;
  /** What the kernel has not taken yet. */
  unsent: string | Uint8Array | undefined;
  isFirst: boolean;
}

const encoder = new TextEncoder();

/**
 * Connects, and verifies who is there.
 * @throws PiggyError `connection_failed`, with the signal's end too; `peer_untrusted` when it is somebody else.
 */
export async function connect(
  destination: Destination,
  signal: AbortSignal,
  mark: Mark = () => {},
): Promise<Connection> {
  const state = beginState(`${destination.hostname}:${destination.port}`);
  // Of what has ended already a signal says no more: such a wait would last as long as the kernel tries.
  if (signal.aborted) throw new PiggyError("connection_failed", `${state.where}: no answer in time`);
  const giveUp = () => fail(state, new Error("no answer in time"));
  const opening = openSocket(destination, state, mark);
  signal.addEventListener("abort", giveUp, { once: true });
  opening.then(
    (socket) => state.opened.promise.catch(() => socket.terminate()),
    (error) => fail(state, error),
  );
  try {
    await state.opened.promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  const socket = await opening;
  return {
    exchange(request, until) {
      if (until.aborted) giveUp();
      if (state.failure !== undefined) return Promise.reject(state.failure);
      return new Promise((resolve, reject) => {
        const forget = () => until.removeEventListener("abort", giveUp);
        state.asked = {
          resolve(answer) {
            forget();
            resolve(answer);
          },
          reject(error) {
            forget();
            reject(error);
          },
        };
        until.addEventListener("abort", giveUp, { once: true });
        state.unsent = request;
        flush(socket, state);
        if (state.isFirst) rehearse();
        state.isFirst = false;
      });
    },
    isOpen: () => state.failure === undefined,
    close: () => void socket.terminate(),
  };
}

type Mark = (stage: "connect" | "handshake") => void;

function beginState(where: string): State {
  const opened = Promise.withResolvers<void>();
  // Whoever waits is told; where nobody waits any more, nobody need be.
  opened.promise.catch(() => {});
  return {
    where,
    received: undefined,
    opened,
    asked: undefined,
    failure: undefined,
    unsent: undefined,
    isFirst: true,
  };
}

function openSocket({ hostname, port, tls }: Destination, state: State, mark: Mark): Promise<Socket> {
  return Bun.connect({
    hostname,
    port,
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    socket: {
      open() {
        mark("connect");
        if (tls === undefined) state.opened.resolve();
      },
      handshake(_socket, success, error) {
        mark("handshake");
        if (tls?.verify === false || (success && error === null)) state.opened.resolve();
        else fail(state, error ?? new Error("the TLS handshake fails"), handshakeFault(error));
      },
      data(socket, bytes) {
        receive(state, bytes);
        // Nothing on it can be trusted to be the answer to what is asked.
        if (state.failure !== undefined) socket.terminate();
      },
      drain: (socket) => flush(socket, state),
      end: () => finish(state),
      close: (_socket, error) => (error ? fail(state, error) : finish(state)),
      error: (_socket, error) => fail(state, error),
      connectError: (_socket, error) => fail(state, error),
    },
  });
}

/** Nothing goes over it any more, and whoever waits is told why. */
function fail(state: State, error: unknown, code: ErrorCode = "connection_failed"): void {
  state.failure ??= new PiggyError(code, `${state.where}: ${messageOf(error)}`, { cause: error });
  state.opened.reject(state.failure);
  state.asked?.reject(state.failure);
}

/** A certificate that is not accepted stays so; a handshake that breaks off may go through the next time. */
function handshakeFault(error: Error | null): ErrorCode {
  const code = String(error && Reflect.get(error, "code"));
  return /CERT|ISSUER|SIGNATURE|CHAIN/.test(code) ? "peer_untrusted" : "connection_failed";
}

function tlsOptions({ ca, serverName, verify }: NonNullable<Destination["tls"]>) {
  // Bun says of a text that is no certificate only that it cannot connect, and that would be waited for.
  if ([ca].flat().some((pem) => pem !== undefined && !pem.includes("-----BEGIN "))) {
    throw new PiggyError(
      "peer_untrusted",
      "the CA to verify by is no PEM certificate: PIGGY_CA, AWS_CA_BUNDLE",
    );
  }
  const authorities = ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] };
  return { ...authorities, serverName, rejectUnauthorized: verify };
}

function flush(socket: Socket, state: State): void {
  const { unsent } = state;
  if (unsent === undefined) return;
  const sent = Math.max(socket.write(unsent), 0);
  if (sent === (typeof unsent === "string" ? Buffer.byteLength(unsent) : unsent.length)) {
    state.unsent = undefined;
    return;
  }
  state.unsent = (typeof unsent === "string" ? encoder.encode(unsent) : unsent).subarray(sent);
}

function receive(state: State, bytes: Buffer): void {
  // Whatever it is, it must not be taken for the answer to what is asked next.
  if (state.asked === undefined) {
    fail(state, new Error("it answers what was not asked"));
    return;
  }
  const all = state.received === undefined ? bytes : Buffer.concat([state.received, bytes]);
  // The bytes are ours until we return.
  state.received = all;
  settle(state, false);
  if (state.received === bytes) state.received = Buffer.from(bytes);
}

/** Nothing more will come: an answer without a length is whole now, any other has broken off. */
function finish(state: State): void {
  if (state.asked !== undefined) settle(state, true);
  fail(state, new Error("the connection was closed"));
}

function settle(state: State, ended: boolean): void {
  if (state.asked === undefined) return;
  const received = state.received ?? Buffer.alloc(0);
  let left = received.length;
  try {
    const answer = parseAnswer(received, ended);
    if (answer === undefined) return;
    left -= answer.length;
    state.asked.resolve(answer);
  } catch (error) {
    state.asked.reject(error);
  }
  state.asked = undefined;
  state.received = undefined;
  if (left > 0) fail(state, new Error("there is more than its answer"));
}

const REHEARSED = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/** The server needs its time, and nobody else is waited for: what will read its answer is made ready meanwhile. */
function rehearse(): void {
  parseJson(parseAnswer(Buffer.from(REHEARSED), true)?.body ?? "");
}
