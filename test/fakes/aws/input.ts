import { badRequest } from "./error.ts";

/** The JSON object of a request. */
export type Input = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @returns undefined for what is not JSON: the request is recorded before it is judged. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function asInput(value: unknown): Input {
  if (isRecord(value)) return value;
  throw badRequest("SerializationException", "Start of structure or map found where not expected.");
}

export function optionalString(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null || typeof value === "string") return value ?? undefined;
  throw serializationError(value, "String");
}

export function requiredString(input: Input, name: string): string {
  const value = optionalString(input, name);
  if (value !== undefined && value !== "") return value;
  throw constraintError(value ?? null, name, "Member must not be null");
}

export function optionalBoolean(input: Input, name: string): boolean {
  const value = input[name];
  if (value === undefined || value === null || typeof value === "boolean") return value ?? false;
  throw serializationError(value, "Boolean");
}

export function optionalInteger(
  input: Input,
  name: string,
  range: { readonly least: number; readonly most: number },
): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw serializationError(value, "Integer");
  if (value < range.least) {
    throw constraintError(value, name, `Member must have value greater than or equal to ${range.least}`);
  }
  if (value > range.most) {
    throw constraintError(value, name, `Member must have value less than or equal to ${range.most}`);
  }
  return value;
}

const serializationError = (value: unknown, type: string) =>
  badRequest("SerializationException", `${typeof value} value can not be converted to ${type}`);

function constraintError(value: string | number | null, name: string, constraint: string) {
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return badRequest(
    "ValidationException",
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
