/** Two ways to one place. */
import type { Connection } from "../connection.ts";

type Connect = (signal: AbortSignal) => Promise<Connection>;

/**
 * Connects the first way, and also the second when the first has failed or has not connected in time; the first
 * connection there is wins, the other is closed.
 * @throws what the second way throws, when both fail
 */
export async function connectEither(
  first: Connect,
  second: Connect,
  afterMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const lost = new AbortController();
  const attempt = first(AbortSignal.any([signal, lost.signal]));
  const isSlow = Symbol();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = new Promise<typeof isSlow>((resolve) => {
    timer = setTimeout(() => resolve(isSlow), afterMs);
  });
  const early = await Promise.race([attempt, wait]).catch(() => isSlow);
  clearTimeout(timer);
  if (typeof early !== "symbol") return early;

  const other = second(signal);
  const winner = await Promise.any([attempt, other]).catch(() => other);
  lost.abort();
  for (const candidate of [attempt, other]) {
    candidate.then(
      (connection) => connection === winner || connection.close(),
      () => {},
    );
  }
  return winner;
}
