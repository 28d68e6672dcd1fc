/** X-Piggy-Unresolved: why some of what was asked for has no value, beside an answer that holds the rest. */
import { isAbsence, type PiggyError } from "../error.ts";

/** In characters. Proxies and clients have limits of 8 KiB for all headers together. */
const LONGEST = 4096;

/** What stands for all that there is no room for, under a key that no entry has. */
const OTHERS_KEY = "//";
const OTHERS = {
  code: "reference_unresolved",
  message: "it is not there, and there was no room to say more",
};

/**
 * Base64url of a JSON object from key to `code` and `message`; undefined when there is nothing to say. Where not all
 * fit, it holds those that do, and whether the others are all of what is not there, which a default may stand for.
 */
export function formatUnresolved(failures: ReadonlyMap<string, PiggyError>): string | undefined {
  if (failures.size === 0) return undefined;
  const others = member(OTHERS_KEY, OTHERS);
  const members: string[] = [];
  // Each three bytes become four characters; the braces are two bytes.
  let left = Math.floor(LONGEST / 4) * 3 - 2 - Buffer.byteLength(others);
  let omitted: PiggyError | undefined;
  for (const [key, failure] of [...failures].sort(
    ([, a], [, b]) => Number(isAbsence(a)) - Number(isAbsence(b)),
  )) {
    const text = member(key, failure);
    const length = Buffer.byteLength(text) + 1;
    if (length > left) {
      omitted ??= failure;
      continue;
    }
    left -= length;
    members.push(text);
  }
  if (omitted !== undefined && isAbsence(omitted)) members.push(others);
  return Buffer.from(`{${members.join(",")}}`).toString("base64url");
}

function member(key: string, { code, message }: { readonly code: string; readonly message: string }): string {
  return `${JSON.stringify(key)}:${JSON.stringify({ code, message })}`;
}
