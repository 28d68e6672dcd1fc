/** What is not known yet of an admitted Pod, and what stands in its place. */
import type { Operation } from "../admission/json-patch.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../json.ts";
import { parsePod } from "../pod.ts";
import { annotationName } from "../settings.ts";
import { variableOf } from "../wrapped-container.ts";
import { applyPatch } from "./apply-patch.ts";
import type { ContainerAccount } from "./container.ts";

const UNKNOWN_SIGNATURE = "<signature>";

export function withPlaceholders(after: JsonObject, accounts: readonly ContainerAccount[]): JsonObject {
  // None where the Pod cannot be read, and so is not changed.
  const operations = accounts.length === 0 ? [] : signatures(after, accounts);
  return operations.length === 0 ? after : applyPatch(after, operations);
}

/** The signature of an argv that nobody knows. */
function signatures(after: JsonObject, accounts: readonly ContainerAccount[]): readonly Operation[] {
  const isUnknown = ({ command }: ContainerAccount) => command?.from === "image, not looked up";
  const unknown = new Set(accounts.filter(isUnknown).map(({ name }) => name));
  if (unknown.size === 0) return [];
  const { initContainers, containers } = parsePod(after);
  const uids = new Set(
    [...initContainers, ...containers]
      .filter(({ name }) => unknown.has(name))
      .map((container) => variableOf(container, "PIGGY_UID")),
  );
  const name = annotationName("piggy-uid");
  const signed = parseJson(parsePod(after).annotations[name] ?? "");
  if (!isJsonObject(signed)) return [];
  const shown = Object.entries(signed).map(([uid, signature = null]): readonly [string, JsonValue] => [
    uid,
    uids.has(uid) ? UNKNOWN_SIGNATURE : signature,
  ]);
  const path = `/metadata/annotations/${name.replace("/", "~1")}`;
  return [{ op: "replace", path, value: JSON.stringify(Object.fromEntries(shown)) }];
}
