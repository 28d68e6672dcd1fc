/** The Pod that the API server makes of a Pod and our patch. Source: RFC 6902; only the operations that we write. */
import type { Operation } from "../admission/json-patch.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";

/** @throws Error for a path that is not there: the patch is our own, so that is a defect of ours. */
export function applyPatch(object: JsonObject, operations: readonly Operation[]): JsonObject {
  let patched: JsonValue = object;
  for (const operation of operations) {
    patched = applyAt(patched, operation.path.split("/").slice(1).map(unescapeToken), operation);
  }
  if (!isJsonObject(patched)) throw new Error("the patch leaves no object");
  return patched;
}

function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** The value with the operation done; what it does not touch is shared. */
function applyAt(value: JsonValue | undefined, path: readonly string[], operation: Operation): JsonValue {
  const [token = "", ...rest] = path;
  if (Array.isArray(value)) {
    // The end of the list.
    const index = token === "-" ? value.length : Number(token);
    if (rest.length > 0) return value.with(index, applyAt(value[index], rest, operation));
    if (operation.op === "remove") return value.toSpliced(index, 1);
    return value.toSpliced(index, operation.op === "add" ? 0 : 1, operation.value);
  }
  if (!isJsonObject(value)) throw new Error(`the patch has no place for ${operation.path}`);
  if (rest.length > 0) return { ...value, [token]: applyAt(value[token], rest, operation) };
  if (operation.op !== "remove") return { ...value, [token]: operation.value };
  const { [token]: _, ...others } = value;
  return others;
}
