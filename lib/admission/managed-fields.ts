/**
 * A Pod's managedFields: often half of a review, made of more small objects than the rest together, and nothing that
 * admission reads or changes. They are left out of what is parsed.
 */
import { isJsonObject, type JsonValue, own, parseJson } from "../json.ts";

const BEGIN = '"managedFields":[';
/** Go writes them last of the metadata, and the spec next. Within them, it would leave what follows unbalanced. */
const END = ']},"spec":{';
/** Stands in their place; no API server takes it from anybody. */
const LEFT_OUT = 0;

/**
 * The review with its object's managedFields left out; undefined where that cannot be done for sure, so that it is to
 * be parsed as it is.
 */
export function parseWithoutManagedFields(body: string): JsonValue | undefined {
  const begin = body.indexOf(BEGIN);
  const end = begin < 0 ? -1 : body.indexOf(END, begin);
  if (end < 0) return undefined;
  const from = begin + BEGIN.length - 1;
  const review = parseJson(`${body.slice(0, from)}${LEFT_OUT}${body.slice(end + 1)}`);
  return managedFieldsOf(review) === LEFT_OUT ? review : undefined;
}

function managedFieldsOf(review: JsonValue | undefined): JsonValue | undefined {
  let value = review;
  for (const field of ["request", "object", "metadata", "managedFields"]) {
    if (!isJsonObject(value)) return undefined;
    value = own(value, field);
  }
  return value;
}
