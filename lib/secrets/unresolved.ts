/** X-Piggy-Unresolved: why a store entry has no value, beside an answer that holds those that have one. */
import type { PiggyError } from "../error.ts";

/** In characters. Proxies and clients have limits of 8 KiB for all headers together. */
const LONGEST = 4096;

/**
 * Base64url of a JSON object from key to `code` and `message`; undefined when there is nothing to say. Where not all
 * fit, it holds those that do.
 */
export function formatUnresolved(failures: ReadonlyMap<string, PiggyError>): string | undefined {
  const members: string[] = [];
  // Each three bytes become four characters; the braces are two bytes.
  let left = Math.floor(LONGEST / 4) * 3 - 2;
  for (const [key, { code, message }] of failures) {
    const member = `${JSON.stringify(key)}:${JSON.stringify({ code, message })}`;
    const length = Buffer.byteLength(member) + 1;
    if (length > left) continue;
    left -= length;
    members.push(member);
  }
  return members.length === 0 ? undefined : Buffer.from(`{${members.join(",")}}`).toString("base64url");
}
