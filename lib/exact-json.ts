/** JSON whose numbers keep the digits that they were written with: a 20-digit account number is not to be rounded. */
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

declare global {
  interface JSON {
    /** Source: ECMAScript, JSON.parse source text access. */
    rawJSON(text: string): unknown;
    isRawJSON(value: unknown): boolean;
  }
}

/** The text as a JSON value, or undefined when it is not JSON, or nested deeper than can be followed. */
export function parseExactJson(text: string): JsonValue | undefined {
  const keepNumber = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? JSON.rawJSON(context.source) : value;
  try {
    const value: JsonValue = JSON.parse(text, keepNumber);
    return value;
  } catch {
    return undefined;
  }
}

/** Whether it is a JSON object. A number is kept as an object too, which is not one. */
export function isExactObject(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && !JSON.isRawJSON(value);
}

/** What a value stands for in an environment: a string itself, else its JSON text; null and nothing have none. */
export function exactText(value: JsonValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
