/** Bytes to the webhook's port as no client would send them. */
import { connect, type TLSSocket } from "node:tls";
import type { World } from "../../support/world.ts";

export interface Answered {
  readonly status: number;
  readonly body: string;
}

export interface RawConnection {
  write(bytes: string | Uint8Array): void;
  /** Waits until so many answers have come, or the other end has closed. */
  answers(atLeast: number): Promise<readonly Answered[]>;
  /** Waits until the other end has closed, and says what it had answered. */
  closed(): Promise<readonly Answered[]>;
  destroy(): void;
}

/** Opens a connection; what is read is parted into answers by their lengths. */
export async function connectTo({ webhook, authority }: World): Promise<RawConnection> {
  const [host = "", port = ""] = webhook.address.split(":");
  const socket: TLSSocket = connect({ host, port: Number(port), ca: authority.pem });
  let received = Buffer.alloc(0);
  let ended = false;
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const look of waiting) look();
  };
  const end = () => {
    ended = true;
    changed();
  };
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    changed();
  });
  socket.on("close", end);
  socket.on("end", end);
  // What is written to a connection that was closed fails; that it was closed is told by the above.
  socket.on("error", end);
  const until = (isMet: () => boolean) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (isMet() || ended) resolve();
    };
    waiting.add(look);
    look();
    return promise.finally(() => waiting.delete(look));
  };
  const connection = {
    write: (bytes: string | Uint8Array) => void socket.write(bytes),
    async answers(atLeast: number) {
      await until(() => answersIn(received).length >= atLeast);
      return answersIn(received);
    },
    async closed() {
      await until(() => false);
      return answersIn(received);
    },
    destroy: () => void socket.destroy(),
  };
  await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
  return connection;
}

/** The whole answers at the beginning of what was read. */
function answersIn(bytes: Buffer): readonly Answered[] {
  const answers: Answered[] = [];
  for (let at = 0; ; ) {
    const headEnd = bytes.indexOf("\r\n\r\n", at);
    if (headEnd < 0) return answers;
    const head = bytes.subarray(at, headEnd).toString("latin1");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (bytes.length < end) return answers;
    answers.push({ status, body: bytes.subarray(headEnd + 4, end).toString() });
    at = end;
  }
}

/** A request as it stands on the wire. Without a length of its own among the headers it gets the body's. */
export function requestText(
  headers: readonly string[],
  body: string,
  target = "POST /secret HTTP/1.1",
): string {
  const hasLength = headers.some((header) => /^(content-length|transfer-encoding)/i.test(header));
  const length = hasLength ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [target, "Host: piggy", ...headers, ...length, "", body].join("\r\n");
}
