/** A Pod's annotations before it is known whether the Pod is ours to look at, so whatever is wrong with it. */
import { holdsStrings, isJsonObject, type JsonValue, own } from "../json.ts";

/**
 * The annotations of an object that may be no Pod. A value that is no string is given as its JSON: it says that
 * somebody asks for something, and reading the Pod then says what is wrong with it.
 */
export function annotationsOf(object: JsonValue): Readonly<Record<string, string>> {
  const metadata = isJsonObject(object) ? own(object, "metadata") : undefined;
  const annotations = isJsonObject(metadata) ? own(metadata, "annotations") : undefined;
  if (!isJsonObject(annotations)) return {};
  if (holdsStrings(annotations)) return annotations;
  const texts = Object.entries(annotations).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(texts);
}
