/** A request's body, no longer and no slower than it may be. */
import { PiggyError } from "../error.ts";

/**
 * Reads the body as text.
 * @throws PiggyError `request_invalid` when it is longer than that, or not here by the end of the signal
 */
export async function readBody(request: Request, atMost: number, signal: AbortSignal): Promise<string> {
  const tooLong = new PiggyError("request_invalid", `the body is longer than ${atMost} bytes`);
  if (Number(request.headers.get("Content-Length") ?? 0) > atMost) throw tooLong;
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const late = new PiggyError("request_invalid", "the body did not come in time");
  const { promise: isLate, reject } = Promise.withResolvers<never>();
  // Where nobody waits for it any more, it is no failure.
  isLate.catch(() => {});
  const onAbort = () => reject(late);
  signal.addEventListener("abort", onAbort, { once: true });
  const chunks: Uint8Array[] = [];
  try {
    for (let length = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), isLate]);
      if (done) return Buffer.concat(chunks).toString("utf8");
      length += value.length;
      if (length > atMost) throw tooLong;
      chunks.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
