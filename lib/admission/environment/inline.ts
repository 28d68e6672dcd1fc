/**
 * A value that mentions `$(A)`, where A holds a reference: the kubelet would put A's text there, in which a whole-value
 * reference is none any more and what stands around another could change its meaning. So the reference itself is
 * written in its place, and what the kubelet will make of that is compared with what was meant.
 */
import { escapeForKubelet, expand, mentionedNames } from "../../expansion.ts";
import { formatEmbedded, type Part, parseEmbedded, parseValue } from "../../reference/value.ts";

/** A variable's value as the kubelet hands it on; undefined when it is there but not known, such as a field of the Pod. */
export interface Values {
  get(name: string): string | undefined;
  /** Whether there is a reference in it. A long value is not read once more for each that mentions it. */
  isHolder(name: string): boolean;
}

export interface Inlined {
  /** What is to stand in the Pod. */
  readonly value: string;
  /** What the kubelet makes of it; as it is written where that would be too long to be anybody's value. */
  readonly expanded: string;
}

/** Twice what the kernel takes for one variable: values that mention each other twice double each time. */
export const LONGEST_VALUE = 256 * 1024;
/** What the kernel takes for all variables together, in characters: thousands of small values may mention a long one. */
export const LONGEST_ENVIRONMENT = 2 * 1024 * 1024;

/** Of all containers of a Pod: what holds references is written, and more than could be stored; the rest is not. */
const LONGEST_OF_POD = 2 * LONGEST_ENVIRONMENT;

/** How much may still be put in the places of mentions in a Pod, in characters. */
export interface Allowance {
  left: number;
}

/** For all containers of one Pod. */
export function allowanceOfPod(): Allowance {
  return { left: LONGEST_OF_POD };
}

/** The name of a variable in whose place no reference can stand. */
export interface NotInlined {
  readonly holder: string;
}

/** @param longest in characters, of what is mentioned */
export function inline(value: string, values: Values, longest: number): Inlined | NotInlined {
  if (!value.includes("$")) return { value, expanded: value };
  const holder = [...new Set(mentionedNames(value))].find((name) => values.isHolder(name));
  const asWritten = expandWithin(value, values, longest);
  // A copy is expanded to the whole reference, and stays one.
  if (holder === undefined || value === `$(${holder})`) return { value, expanded: asWritten ?? value };
  // Nothing is put together of which the texts alone are too long.
  const parts = asWritten === undefined ? undefined : partsOf(value, values, longest);
  if (parts === undefined) return { holder };
  const written = unmark(formatEmbedded(parts.marked));
  const expanded = expandWithin(written, values, longest);
  const isMeant = expanded !== undefined && isSame(parseValue(expanded) ?? [expanded], parts.meant);
  return isMeant ? { value: written, expanded } : { holder };
}

/** A character that no variable can hold, around the name of one that the kubelet is left to expand. */
const MARK = "\0";

interface Parts {
  /** As they are to be written. */
  readonly marked: readonly Part[];
  /** As they are to be read once the kubelet has been there. */
  readonly meant: readonly Part[];
}

function partsOf(value: string, values: Values, longest: number): Parts | undefined {
  if (value.includes(MARK)) return undefined;
  let length = 0;
  const marked: Part[] = [];
  // The pieces at odd places are names.
  const pieces = expand(value, (name) => MARK + name + MARK).split(MARK);
  let text = "";
  for (const [at, piece] of pieces.entries()) {
    const held = at % 2 === 1 ? values.get(piece) : undefined;
    const references = held === undefined ? undefined : parseValue(held);
    if (references === undefined) {
      text += at % 2 === 1 ? MARK + piece + MARK : piece;
      continue;
    }
    length += held?.length ?? 0;
    if (length > longest || isOpen(text)) return undefined;
    marked.push(...parseEmbedded(text), ...references);
    text = "";
  }
  marked.push(...parseEmbedded(text));
  const known = (part: string) => expandMarks(part, (name) => values.get(name) ?? `$(${name})`);
  return { marked: joined(marked), meant: joined(marked.map((part) => mapPart(part, known))) };
}

/** Whether a reference begins in the text and does not end there. */
function isOpen(text: string): boolean {
  const references = (of: string) => parseEmbedded(of).filter((part) => typeof part === "object").length;
  return references(`${text}}`) > references(text);
}

function mapPart(part: Part, change: (text: string) => string): Part {
  if (typeof part === "string") return change(part);
  const key = change(part.key);
  return part.fallback === undefined ? { key } : { key, fallback: change(part.fallback) };
}

/** No text is empty, and no two stand side by side, as a parser leaves them. */
function joined(parts: readonly Part[]): readonly Part[] {
  const all: Part[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (typeof part === "string" && typeof last === "string") all[all.length - 1] = last + part;
    else if (part !== "") all.push(part);
  }
  return all;
}

function expandMarks(text: string, lookUp: (name: string) => string): string {
  return text
    .split(MARK)
    .map((piece, at) => (at % 2 === 1 ? lookUp(piece) : piece))
    .join("");
}

/** The text for the kubelet, which is to expand what is marked and nothing else. */
function unmark(text: string): string {
  return text
    .split(MARK)
    .map((piece, at, pieces) => {
      if (at % 2 === 1) return `$(${piece})`;
      const escaped = escapeForKubelet(piece);
      // A lone dollar would take the mention behind it for escaped.
      const isLone = at < pieces.length - 1 && /(^|[^$])\$$/.test(piece);
      return isLone ? `${escaped}$` : escaped;
    })
    .join("");
}

/** As the kubelet expands it, names that are not known left as they stand; undefined when it grows too long. */
function expandWithin(text: string, values: Values, longest: number): string | undefined {
  let length = 0;
  const expanded = expand(text, (name) => {
    const value = values.get(name);
    length += value?.length ?? 0;
    return length > longest ? undefined : value;
  });
  return length > longest ? undefined : expanded;
}

function isSame(parts: readonly Part[], others: readonly Part[]): boolean {
  return JSON.stringify(joined(parts)) === JSON.stringify(others);
}
