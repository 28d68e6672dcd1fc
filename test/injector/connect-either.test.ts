import { afterEach, expect, test } from "bun:test";
import { type Connection, connect } from "../../lib/connection.ts";
import { connectEither } from "../../lib/injector/connect-either.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const soon = () => AbortSignal.timeout(60_000);

const servers: Bun.Server<undefined>[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop(true))));

function serve(name: string) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(name) });
  servers.push(server);
  const port = server.port ?? 0;
  return (signal: AbortSignal): Promise<Connection> =>
    connect({ hostname: "127.0.0.1", port, tls: undefined }, signal);
}

const refused = (signal: AbortSignal) => connect({ hostname: "127.0.0.1", port: 1, tls: undefined }, signal);

const never = (signal: AbortSignal) =>
  new Promise<Connection>((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(new Error("given up"))),
  );

async function answerOf(first: typeof refused, second: typeof refused, afterMs = 60_000): Promise<string> {
  const signal = soon();
  const connection = await connectEither(first, second, afterMs, signal);
  const { body } = await connection.exchange(REQUEST, signal);
  connection.close();
  return body;
}

test("the first way is taken when it connects in time, and the second is not begun", async () => {
  const begun = { second: false };
  const second = (signal: AbortSignal) => {
    begun.second = true;
    return refused(signal);
  };
  expect(await answerOf(serve("first"), second)).toBe("first");
  expect(begun.second).toBe(false);
});

test("the second is taken at once when the first is refused", async () => {
  expect(await answerOf(refused, serve("second"))).toBe("second");
});

test("the second is taken when the first does not connect in time", async () => {
  expect(await answerOf(never, serve("second"), 50)).toBe("second");
});

test("the first is taken all the same when it is late and the second later, and stays usable", async () => {
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const first = serve("first");
  const late = (signal: AbortSignal) => isLate.then(() => first(signal));
  const later = (signal: AbortSignal) => {
    resolve();
    return never(signal);
  };
  expect(await answerOf(late, later, 50)).toBe("first");
});

test("the second's failure is told when both fail", async () => {
  await expect(answerOf(refused, () => Promise.reject(new Error("no such name")))).rejects.toThrow(
    "no such name",
  );
});
