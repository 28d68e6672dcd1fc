/** A request's body, no longer and no slower than it may be. */
import type { Deadline } from "../deadline.ts";
import { PiggyError } from "../error.ts";

/**
 * Reads the body as text.
 * @throws PiggyError `request_invalid` when it is longer than that, or not here by the deadline
 */
export async function readBody(request: Request, atMost: number, deadline: Deadline): Promise<string> {
  const declared = request.headers.get("Content-Length");
  if (Number(declared ?? 0) > atMost) throw tooLong(atMost);
  const { promise: isLate, reject } = Promise.withResolvers<never>();
  const late = () => reject(new PiggyError("request_invalid", "the body did not come in time"));
  const timer = setTimeout(late, Math.max(0, deadline.remaining()));
  try {
    // Of a body whose length is declared nobody reads more than that, so its pieces need not be counted.
    if (declared !== null) return await Promise.race([request.text(), isLate]);
    return await readPieces(request, atMost, isLate);
  } finally {
    clearTimeout(timer);
  }
}

async function readPieces(request: Request, atMost: number, isLate: Promise<never>): Promise<string> {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const pieces: Uint8Array[] = [];
  try {
    for (let length = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), isLate]);
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
