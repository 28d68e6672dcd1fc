/** Several addresses of one host, asked as long as none has answered. Source: RFC 8305, in a simpler form. */
import { setTimeout as sleep } from "node:timers/promises";

/** How long one may say nothing before the next is asked as well. */
const HEAD_START_MS = 1_000;
/** A name can have any number. */
const MOST = 4;

/**
 * Asks the next address when one fails or says nothing for a while; whoever answers first is taken, and the others are
 * ended. @throws what the first of them threw, when all have failed
 */
export async function firstAnswer<T>(
  addresses: readonly string[],
  ask: (address: string, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  const attempts: { readonly ending: AbortController; readonly answer: Promise<T> }[] = [];
  for (const address of addresses.slice(0, MOST)) {
    const ending = new AbortController();
    const before = attempts.at(-1)?.answer;
    const turn = before && Promise.race([failed(before), sleep(HEAD_START_MS, undefined, over)]);
    const begin = async () => {
      await turn;
      return ask(address, AbortSignal.any([signal, ending.signal]));
    };
    attempts.push({ ending, answer: begin() });
  }
  const answers = attempts.map(({ answer }, index) => answer.then((value) => ({ value, index })));
  try {
    const winner = await Promise.any(answers);
    for (const [index, { ending }] of attempts.entries()) if (index !== winner.index) ending.abort();
    return winner.value;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    over.abort();
  }
}

/** Resolves when, and only when, it rejects. */
function failed(promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    promise.catch(() => resolve());
  });
}
