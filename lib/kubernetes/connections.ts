/**
 * Kept connections to one API server, one request at a time on each. fetch would hand every request to a thread of its
 * own and its answer back, which costs more than the request, and the API server is asked twice for each Pod.
 */
import { type Connection, connect } from "../connection.ts";
import { messageOf } from "../error.ts";
import type { Answer } from "../http-answer.ts";
import type { SendToApi } from "./client.ts";

/** That wait for a request. What is beyond is closed: it was opened for a rush. */
const MOST_IDLE = 64;
/**
 * As long as an API server keeps one without a request. A load balancer may forget it after some minutes without a word
 * to either end, and what is asked then hangs.
 */
const LONGEST_IDLE_MS = 90_000;

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

/**
 * @throws Error that says what is wrong with the connection or the answer
 */
export function keepConnections(
  { url, ca }: { readonly url: string; readonly ca: string },
  now: () => number = () => performance.now(),
): SendToApi {
  const { host, hostname, port } = new URL(url);
  const name = hostname.replace(/^\[|\]$/g, "");
  const destination = {
    hostname: name,
    port: Number(port) || 443,
    tls: { ca, serverName: name, verify: true },
  };
  /** The last used comes first, so that the others are closed by the API server when the rush is over. */
  const idle: Idle[] = [];

  const takeIdle = (): Connection | undefined => {
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      const isFresh = now() - last.since < LONGEST_IDLE_MS;
      if (isFresh && last.connection.isOpen()) return last.connection;
      last.connection.close();
    }
    return undefined;
  };

  const exchange = (connection: Connection, request: string, signal: AbortSignal): Promise<Answer> =>
    connection.exchange(request, signal).then(
      (answer) => {
        if (answer.reusable && idle.length < MOST_IDLE) idle.push({ connection, since: now() });
        else connection.close();
        return answer;
      },
      (error) => {
        // What may still come on it would be taken for another's answer.
        connection.close();
        throw error;
      },
    );
  const headerOf = createHeaderLines();

  return async ({ method, path, headers, body, signal }) => {
    let request = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`;
    for (const name in headers) request += headerOf(name, headers[name] ?? "");
    if (body !== undefined) request += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    request += `\r\n${body ?? ""}`;
    try {
      // A connection that nothing was sent on stays good.
      signal.throwIfAborted();
      const kept = isRepeatable(method, path) ? takeIdle() : undefined;
      if (kept !== undefined) {
        try {
          return await exchange(kept, request, signal);
        } catch (error) {
          if (signal.aborted) {
            // A machine that went away closes nothing, and each of these would cost somebody all of their time.
            for (const { connection } of idle.splice(0)) connection.close();
            throw error;
          }
          // It was closed while nothing was asked, or so it seems.
        }
      }
      return await exchange(await connect(destination, signal), request, signal);
    } catch (error) {
      throw new Error(messageOf(error), { cause: error });
    }
  };
}

/**
 * Whether it may be asked twice. When a kept connection breaks nobody knows whether what was sent was read, so what
 * changes something goes over a new one. Source: RFC 9110, section 9.2.2. A review changes nothing.
 */
function isRepeatable(method: string, path: string): boolean {
  return method === "GET" || path.endsWith("/tokenreviews");
}

/**
 * Lines of a head, each kept until its header has another value: our token is a long one, and is sent with every request.
 * What it gives throws Error for a value that would break out of its line: the token comes from a file.
 */
function createHeaderLines(): (name: string, value: string) => string {
  const kept = new Map<string, { readonly value: string; readonly line: string }>();
  return (name, value) => {
    const last = kept.get(name);
    if (last?.value === value) return last.line;
    if (/[\r\n\0]/.test(value)) throw new Error(`the value of the header ${name} holds a line break`);
    const line = `${name}: ${value}\r\n`;
    kept.set(name, { value, line });
    return line;
  };
}
