/**
 * Requests that come at about the same time go on together. What decides about one after the other stays in the
 * processor's caches, out of which the reading, decrypting and writing in between would put it: a fifth of what a Pod
 * costs a busy webhook. One that comes alone waits for one turn of the event loop.
 *
 * So no answer is written within the read that brought its request. Bun then answers nobody who has ended their side of
 * the connection by that time, or who has sent another request behind the first: no HTTP client of the API server's does.
 */

/** In turns, each of which takes in what has come by then. */
const LONGEST = 3;

/** @returns for each request a promise that is kept when nobody came any more, or after three turns */
export function createGathering(): () => Promise<void> {
  let gathered: Promise<void> | undefined;
  let count = 0;
  const begin = async () => {
    let before = 0;
    for (let turn = 0; turn < LONGEST && count > before; turn += 1) {
      before = count;
      await nextTurn();
    }
    gathered = undefined;
  };
  return () => {
    count += 1;
    gathered ??= begin();
    return gathered;
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
