/** What is in a secret. */
import { PiggyError } from "../error.ts";
import { exactText, isExactObject, parseExactJson } from "../exact-json.ts";
import { describeLocation, type SecretLocation } from "./store.ts";

/**
 * The keys and values of a secret whose text, or whose bytes as UTF-8, are a JSON object. A value that is no string
 * becomes its JSON text; null counts as missing.
 * @throws PiggyError `secret_not_text` when its bytes are not UTF-8; `secret_not_keyed` when it is not a JSON object, and
 * so has no keys.
 */
export function secretValues(
  secret: { readonly text?: string | undefined; readonly bytes?: Uint8Array | undefined },
  location: SecretLocation,
): ReadonlyMap<string, string> {
  const text = secret.text ?? textIn(secret.bytes, location);
  const value = parseExactJson(text);
  if (!isExactObject(value)) {
    throw new PiggyError(
      "secret_not_keyed",
      `${describeLocation(location)} is not a JSON object, so it has no keys to refer to`,
    );
  }
  return new Map(
    Object.entries(value).flatMap(([key, entry]) => {
      const content = exactText(entry);
      return content === undefined ? [] : [[key, content] as const];
    }),
  );
}

function textIn(bytes: Uint8Array | undefined, location: SecretLocation): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // A letter that was replaced would be a wrong password, which nobody is told of.
    throw new PiggyError(
      "secret_not_text",
      `${describeLocation(location)} is not UTF-8 text, so it has no keys to refer to`,
    );
  }
}
