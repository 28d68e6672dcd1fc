import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, parseJson } from "../json.ts";
import { describeLocation, type SecretLocation } from "./store.ts";

declare global {
  interface JSON {
    /** Source: ECMAScript, JSON.parse source text access. */
    rawJSON(text: string): unknown;
  }
}

/** A JSON object with its numbers kept as they were written: a 20-digit account number is not to be rounded. */
function parseObject(text: string): JsonObject | undefined {
  // A number that stands alone would be kept as an object of its own.
  if (!isJsonObject(parseJson(text))) return undefined;
  const keepNumber = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? JSON.rawJSON(context.source) : value;
  return JSON.parse(text, keepNumber);
}

/**
 * The keys and values of a secret whose text, or whose bytes as UTF-8, are a JSON object. A value that is no string
 * becomes its JSON text; null counts as missing.
 * @throws PiggyError `secret_not_keyed` when it is not a JSON object, and so has no keys.
 */
export function secretValues(
  secret: { readonly text?: string | undefined; readonly bytes?: Uint8Array | undefined },
  location: SecretLocation,
): ReadonlyMap<string, string> {
  const text = secret.text ?? new TextDecoder().decode(secret.bytes);
  const value = parseObject(text);
  if (value === undefined) {
    throw new PiggyError(
      "secret_not_keyed",
      `${describeLocation(location)} is not a JSON object, so it has no keys to refer to`,
    );
  }
  return new Map(
    Object.entries(value).flatMap(([key, entry]) => {
      if (entry === null || entry === undefined) return [];
      return [[key, typeof entry === "string" ? entry : JSON.stringify(entry)] as const];
    }),
  );
}
