/** What must not be shown of an admitted Pod, or is not known yet, and what stands in its place. */
import type { Operation } from "../admission/patch.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../json.ts";
import { type Container, parsePod } from "../pod.ts";
import { annotationName } from "../settings.ts";
import { variableOf } from "../wrapped-container.ts";
import { applyPatch } from "./apply-patch.ts";
import type { Explained } from "./container.ts";

/** A mention of a variable that holds a Secret's text was replaced by that text. */
const HIDDEN = "<text of a Secret>";
const UNKNOWN_SIGNATURE = "<signature>";

export function withPlaceholders(after: JsonObject, explained: readonly Explained[]): JsonObject {
  // None where the Pod cannot be read, and so is not changed.
  if (explained.length === 0) return after;
  const operations = [...hidings(after, explained), ...signatures(after, explained)];
  return operations.length === 0 ? after : applyPatch(after, operations);
}

function hidings(after: JsonObject, explained: readonly Explained[]): readonly Operation[] {
  const hiddenIn = new Map(explained.map(({ account, hidden }) => [account.name, hidden]));
  return containersOf(after).flatMap(({ container, path }) =>
    container.env.flatMap(({ name, value }, index): readonly Operation[] =>
      value !== undefined && hiddenIn.get(container.name)?.has(name)
        ? [{ op: "replace", path: `${path}/env/${index}/value`, value: HIDDEN }]
        : [],
    ),
  );
}

/** The signature of an argv that nobody knows. */
function signatures(after: JsonObject, explained: readonly Explained[]): readonly Operation[] {
  const unknown = new Set(
    explained.flatMap(({ account }) =>
      account.command?.from === "image, not looked up" ? [account.name] : [],
    ),
  );
  if (unknown.size === 0) return [];
  const uids = new Set(
    containersOf(after)
      .filter(({ container }) => unknown.has(container.name))
      .map(({ container }) => variableOf(container, "PIGGY_UID")),
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

function containersOf(json: JsonObject): readonly { readonly container: Container; readonly path: string }[] {
  const { initContainers, containers } = parsePod(json);
  return [
    ...initContainers.map((container, index) => ({ container, path: `/spec/initContainers/${index}` })),
    ...containers.map((container, index) => ({ container, path: `/spec/containers/${index}` })),
  ];
}
