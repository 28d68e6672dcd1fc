/** A request's body, no longer and no slower than it may be. */
import type { Deadline } from "../deadline.ts";
import { PiggyError } from "../error.ts";

/** Whoever sends it goes on at its own pace, so there is no use in the connection any more. */
export class SlowBody extends PiggyError {
  constructor() {
    super("request_invalid", "the body did not come in time");
  }
}

/**
 * Reads the body as text.
 * @throws PiggyError `request_invalid` when it is longer than that; SlowBody when it is not here by the deadline
 */
export function readBody(request: Request, atMost: number, deadline: Deadline): Promise<string> {
  const declared = declaredLength(request);
  if (declared === undefined) return readPieces(request, atMost, deadline);
  if (declared > atMost) return Promise.reject(tooLong(atMost));
  // Of a body whose length is declared nobody reads more than that, so its pieces need not be counted.
  return inTime(request.text(), deadline);
}

/** In bytes. Undefined for a body in chunks, and for a length that is said twice, which Bun hands on as "N, N". */
export function declaredLength(request: Request): number | undefined {
  const declared = Number(request.headers.get("Content-Length") ?? Number.NaN);
  return Number.isNaN(declared) ? undefined : declared;
}

/**
 * The same for a body that may be as long as the listener takes any: it has counted already.
 * @throws PiggyError `request_invalid` when it is not here by the deadline
 */
export function readWholeBody(request: Request, deadline: Deadline): Promise<string> {
  return inTime(request.text(), deadline);
}

/** The same by its deadline. Work that is late goes on, and nobody hears of it. */
function inTime<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new SlowBody()), Math.max(0, deadline.remaining()));
  work.then(
    (result) => {
      clearTimeout(timer);
      resolve(result);
    },
    (error) => {
      clearTimeout(timer);
      reject(error);
    },
  );
  return promise;
}

async function readPieces(request: Request, atMost: number, deadline: Deadline): Promise<string> {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const pieces: Uint8Array[] = [];
  try {
    for (let length = 0; ; ) {
      const { done, value } = await inTime(reader.read(), deadline);
      if (done) return Buffer.concat(pieces).toString("utf8");
      length += value.length;
      if (length > atMost) throw tooLong(atMost);
      pieces.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  }
}

function tooLong(atMost: number): PiggyError {
  return new PiggyError("request_invalid", `the body is longer than ${atMost} bytes`);
}
