/** The smallest JSON Patch from one JSON value to another, whatever they are. Source: RFC 6902, RFC 6901. */
import { isJsonObject, type JsonObject, type JsonValue, objectOf } from "../json.ts";
import { align, type Step } from "./list-alignment.ts";

export type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly path: string };

/**
 * An object that came, and those fields of it that are to be other; an undefined one goes. Unlike a changed copy it
 * says which fields need not be compared, which of a Pod are nearly all.
 */
export class Edit {
  readonly of: JsonObject;
  readonly fields: Readonly<Record<string, Edited | undefined>>;

  constructor(of: JsonObject, fields: Edit["fields"]) {
    this.of = of;
    this.fields = fields;
  }
}

/** The edit of a value, or of an object with nothing in it where the value is none. */
export function editOf(value: JsonValue | undefined, fields: Edit["fields"]): Edit {
  return new Edit(objectOf(value), fields);
}

/** A value with edits anywhere in its lists. */
export type Edited = JsonValue | Edit | readonly Edited[];

/** Operations that, applied in order, turn `before` into `after`. What both share is not mentioned. */
export function diff(before: JsonValue, after: Edited, path = ""): readonly Operation[] {
  const operations: Operation[] = [];
  if (before !== after) diffValues(before, after, path, operations);
  return operations;
}

/** Of two values that are not the same one. Untouched parts are shared, so most of a Pod never comes here. */
function diffValues(before: JsonValue, after: Edited, path: string, operations: Operation[]): void {
  if (after instanceof Edit) {
    if (before === after.of) diffFields(after.of, after.fields, path, operations);
    else diffValues(before, carriedOut(after), path, operations);
  } else if (Array.isArray(before) && Array.isArray(after)) diffLists(before, after, path, operations);
  else if (isJsonObject(before) && isJsonObject(after)) diffObjects(before, after, path, operations);
  else if (!Bun.deepEquals(before, after)) operations.push({ op: "replace", path, value: carriedOut(after) });
}

/** The value itself, its edits made. */
function carriedOut(value: Edited): JsonValue {
  if (value instanceof Edit) {
    const fields = Object.entries(value.fields).map(
      ([key, field]) => [key, field === undefined ? undefined : carriedOut(field)] as const,
    );
    return { ...value.of, ...Object.fromEntries(fields) };
  }
  return isList(value) ? value.map(carriedOut) : value;
}

function isList(value: Edited): value is readonly Edited[] {
  return Array.isArray(value);
}

function below(path: string, token: string): string {
  const isPlain = !token.includes("/") && !token.includes("~");
  return `${path}/${isPlain ? token : token.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function diffObjects(before: JsonObject, after: JsonObject, path: string, operations: Operation[]): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) operations.push({ op: "remove", path: below(path, key) });
  }
  diffFields(before, after, path, operations);
}

/** Of an object and fields that it is to have; all others are not looked at. */
function diffFields(before: JsonObject, fields: Edit["fields"], path: string, operations: Operation[]): void {
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (value === old) continue;
    if (value === undefined) operations.push({ op: "remove", path: below(path, key) });
    else if (old === undefined)
      operations.push({ op: "add", path: below(path, key), value: carriedOut(value) });
    else diffValues(old, value, below(path, key), operations);
  }
}

/** Whether two list entries are the same thing at two times: the same name, or the same value. */
function isSameEntry(before: JsonValue | undefined, after: Edited | undefined): boolean {
  if (before === after) return true;
  if (after instanceof Edit) return before === after.of;
  if (isJsonObject(before) && isJsonObject(after) && typeof before["name"] === "string") {
    return before["name"] === after["name"] && isEqual(before["mountPath"], after["mountPath"]);
  }
  return Bun.deepEquals(before, after);
}

function isEqual(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return one === other || Bun.deepEquals(one, other);
}

type List = readonly JsonValue[];
type EditedList = readonly Edited[];

function diffLists(before: List, after: EditedList, path: string, operations: Operation[]): void {
  const { head, tail, steps } = align(before, after, isSameEntry);
  // Of plain values alone: what an entry has that we do not know is not ours to write again.
  if (steps.length === 0 || after.some(isJsonObject)) {
    diffEntries(before, after, head, steps, path, operations);
    return;
  }
  const single: Operation[] = [];
  const isKept = head + tail > 0 || steps.includes("kept");
  if (isKept) diffEntries(before, after, head, steps, path, single);
  if (isKept && (single.length === 1 || isShorter(single, path, after))) operations.push(...single);
  else operations.push({ op: "replace", path, value: carriedOut(after) });
}

/** Whether operations are not longer than one that writes the list anew. */
function isShorter(operations: readonly Operation[], path: string, list: EditedList): boolean {
  let length = 0;
  for (const operation of operations) length += lengthOf(operation);
  return length <= REPLACE + path.length + JSON.stringify(list).length;
}

const REMOVE = '{"op":"remove","path":""},'.length;
const REPLACE = '{"op":"replace","path":"","value":},'.length;

/** As JSON, without the time that it takes to write it: this is at every admission. */
function lengthOf(operation: Operation): number {
  const { op, path } = operation;
  if (op === "remove") return REMOVE + path.length;
  return REPLACE - "replace".length + op.length + path.length + JSON.stringify(operation.value).length;
}

/** Entry by entry: so many kept at the head, then the steps, then again what is kept. */
function diffEntries(
  before: List,
  after: EditedList,
  head: number,
  steps: readonly Step[],
  path: string,
  operations: Operation[],
): void {
  // Where the next entry of the list that came stands, and where it is to stand.
  let from = 0;
  let to = 0;
  const keep = () => {
    const old = before[from] ?? null;
    const value = after[to] ?? null;
    if (old !== value) diffValues(old, value, `${path}/${to}`, operations);
    from += 1;
    to += 1;
  };
  while (to < head) keep();
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index];
    if (step === "kept") keep();
    else if (step === "removed" && steps[index + 1] === "added") {
      // The next one puts another in its place.
      from += 1;
    } else if (step === "removed") {
      operations.push({ op: "remove", path: `${path}/${to}` });
      from += 1;
    } else {
      const value = carriedOut(after[to] ?? null);
      if (steps[index - 1] === "removed") operations.push({ op: "replace", path: `${path}/${to}`, value });
      else operations.push({ op: "add", path: `${path}/${from < before.length ? to : "-"}`, value });
      to += 1;
    }
  }
  while (to < after.length) keep();
}
