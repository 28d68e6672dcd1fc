/** Why some of what was asked for has no value, beside an answer that holds the rest: X-Piggy-Unresolved, and the log. */
import { isAbsence, type PiggyError } from "../error.ts";
import { MissingKey } from "../reference/missing-key.ts";

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

/** Of the keys in a line of the log, which whoever asks makes up: so many, each of so many characters. */
const MOST_LOGGED = 100;
const LONGEST_LOGGED = 200;

export interface UnresolvedFields {
  /** Code by key. */
  readonly unresolved?: Readonly<Record<string, string>>;
  /** How many keys there was no room for. */
  readonly unresolvedMore?: number;
  /** What a key that is not there may have been meant to be. */
  readonly nearest?: Readonly<Record<string, readonly string[]>>;
}

/** For the audit line. */
export function unresolvedFields(failures: ReadonlyMap<string, PiggyError>): UnresolvedFields {
  if (failures.size === 0) return {};
  const logged = [...failures]
    .slice(0, MOST_LOGGED)
    .map(([key, failure]) => [key.slice(0, LONGEST_LOGGED), failure] as const);
  const nearest = logged.flatMap(([key, failure]) =>
    failure instanceof MissingKey && failure.nearest.length > 0 ? [[key, failure.nearest] as const] : [],
  );
  return {
    unresolved: Object.fromEntries(logged.map(([key, { code }]) => [key, code])),
    ...(failures.size > MOST_LOGGED ? { unresolvedMore: failures.size - MOST_LOGGED } : {}),
    ...(nearest.length === 0 ? {} : { nearest: Object.fromEntries(nearest) }),
  };
}
