/** The smallest JSON Patch from one JSON value to another. Source: RFC 6902, RFC 6901. */
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";

export type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly path: string };

/** Operations that, applied in order, turn `before` into `after`. What both share is not mentioned. */
export function diff(before: JsonValue, after: JsonValue, path = ""): readonly Operation[] {
  // Untouched parts are shared between the two, so most of a Pod ends here.
  if (before === after) return [];
  if (isJsonObject(before) && isJsonObject(after)) return diffObjects(before, after, path);
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after, path);
  return Bun.deepEquals(before, after) ? [] : [{ op: "replace", path, value: after }];
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

function diffObjects(before: JsonObject, after: JsonObject, path: string): readonly Operation[] {
  const operations: Operation[] = [];
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key) || after[key] === undefined) {
      operations.push({ op: "remove", path: `${path}/${escapeToken(key)}` });
    }
  }
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const at = `${path}/${escapeToken(key)}`;
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === undefined) operations.push({ op: "add", path: at, value });
    else operations.push(...diff(old, value, at));
  }
  return operations;
}

/** Whether two list entries are the same thing at two times: the same name, or the same value. */
function isSameEntry(before: JsonValue, after: JsonValue): boolean {
  if (isJsonObject(before) && isJsonObject(after) && typeof before["name"] === "string") {
    return before["name"] === after["name"] && Bun.deepEquals(before["mountPath"], after["mountPath"]);
  }
  return Bun.deepEquals(before, after);
}

function diffLists(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  path: string,
): readonly Operation[] {
  const steps = align(before, after);
  // A list of plain values has no entries that somebody would look for one by one.
  if (steps.some((step) => step.kind === "removed") && !after.some(isJsonObject)) {
    return [{ op: "replace", path, value: after }];
  }
  const operations: Operation[] = [];
  let position = 0;
  for (const step of steps) {
    if (step.kind === "removed") {
      operations.push({ op: "remove", path: `${path}/${position}` });
      continue;
    }
    if (step.kind === "added") {
      operations.push({ op: "add", path: `${path}/${position}`, value: step.value });
    } else {
      operations.push(...diff(step.before, step.after, `${path}/${position}`));
    }
    position += 1;
  }
  return operations;
}

type Step =
  | { readonly kind: "kept"; readonly before: JsonValue; readonly after: JsonValue }
  | { readonly kind: "removed" }
  | { readonly kind: "added"; readonly value: JsonValue };

/** Pairs the entries of two lists in order, keeping as many as can be kept. */
function align(before: readonly JsonValue[], after: readonly JsonValue[]): readonly Step[] {
  const kept: Step[] = [];
  let start = 0;
  let endBefore = before.length;
  let endAfter = after.length;
  const pair = (i: number, j: number): Step | undefined => {
    const [left, right] = [before[i], after[j]];
    if (left === undefined || right === undefined || !isSameEntry(left, right)) return undefined;
    return { kind: "kept", before: left, after: right };
  };
  for (; start < Math.min(endBefore, endAfter); start += 1) {
    const step = pair(start, start);
    if (step === undefined) break;
    kept.push(step);
  }
  const tail: Step[] = [];
  for (; endBefore > start && endAfter > start; endBefore -= 1, endAfter -= 1) {
    const step = pair(endBefore - 1, endAfter - 1);
    if (step === undefined) break;
    tail.unshift(step);
  }
  return [...kept, ...alignMiddle(before.slice(start, endBefore), after.slice(start, endAfter)), ...tail];
}

/** Past this many comparisons a smaller patch is not worth the memory. */
const MOST_COMPARISONS = 1_000_000;

/** The longest common subsequence of what is left between a common head and tail; rarely more than a few entries. */
function alignMiddle(before: readonly JsonValue[], after: readonly JsonValue[]): readonly Step[] {
  if (before.length * after.length > MOST_COMPARISONS) {
    return [
      ...before.map((): Step => ({ kind: "removed" })),
      ...after.map((value): Step => ({ kind: "added", value })),
    ];
  }
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const lengthAt = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      if (row === undefined) continue;
      row[j] = isSameEntry(before[i] ?? null, after[j] ?? null)
        ? lengthAt(i + 1, j + 1) + 1
        : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [left, right] = [before[i], after[j]];
    if (left !== undefined && right !== undefined && isSameEntry(left, right)) {
      steps.push({ kind: "kept", before: left, after: right });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || lengthAt(i + 1, j) >= lengthAt(i, j + 1))) {
      steps.push({ kind: "removed" });
      i += 1;
    } else if (right !== undefined) {
      steps.push({ kind: "added", value: right });
      j += 1;
    }
  }
  return steps;
}
