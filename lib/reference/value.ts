/**
 * A variable's value with references anywhere in it: `${piggy:KEY}` and `${piggy:KEY:-default}`. A key ends at the
 * first `}` or `:-`, a default at the first `}`. Of dollars that stand before `{piggy:` two are one, as in the
 * kubelet's notation, so that `$${piggy:` is text and `$$${piggy:KEY}` a dollar and a reference.
 *
 * Nothing here throws, and each character is looked at a fixed number of times. There is no regular expression: the
 * injector would compile it at every start.
 */
import { parseReference, type Reference } from "./reference.ts";

/** In lower case alone: no manifest has it in another yet, `${PIGGY:…}` may be a shell's, and indexOf finds it. */
export const OPEN = "${piggy:";
const DEFAULT = ":-";

/** Text, or a reference. */
export type Part = string | Reference;

/** What a value is made of, a whole-value reference included; undefined for a value that stays as it is. */
export function parseValue(value: string): readonly Part[] | undefined {
  const whole = parseReference(value);
  if (whole !== undefined) return [whole];
  return value.indexOf(OPEN) < 0 ? undefined : parseEmbedded(value);
}

/** Whether there is something in a value for the injector to do: a reference, or an escaped one to be made text. */
export function holdsReference(value: string | undefined): boolean {
  return value !== undefined && (parseReference(value) !== undefined || value.indexOf(OPEN) >= 0);
}

/** What a text that is not a whole-value reference is made of. No text is empty, and no two stand side by side. */
export function parseEmbedded(value: string): readonly Part[] {
  const parts: Part[] = [];
  // Behind the last brace no reference ends, and looking for one from each beginning would take for ever.
  const lastClose = value.lastIndexOf("}");
  let text = "";
  let from = 0;
  for (let open = value.indexOf(OPEN); open >= 0; open = value.indexOf(OPEN, from)) {
    let dollars = open;
    while (dollars > from && value.charAt(dollars - 1) === "$") dollars -= 1;
    const before = open - dollars;
    const start = open + OPEN.length;
    text += value.slice(from, dollars) + "$".repeat(before >> 1);
    from = start;
    if (before % 2 === 1 || start > lastClose) {
      text += OPEN;
      continue;
    }
    const close = value.indexOf("}", start);
    if (text !== "") parts.push(text);
    text = "";
    parts.push(referenceIn(value.slice(start, close)));
    from = close + 1;
  }
  text += value.slice(from);
  if (text !== "") parts.push(text);
  return parts;
}

function referenceIn(inner: string): Reference {
  const end = inner.indexOf(DEFAULT);
  if (end < 0) return { key: inner };
  return { key: inner.slice(0, end), fallback: inner.slice(end + DEFAULT.length) };
}

/**
 * The text that `parseEmbedded` reads these parts from; of a key or default that it cannot say, another text.
 * @param seen what it will see of a text in which something still stands for something else
 */
export function formatEmbedded(parts: readonly Part[], seen = (text: string): string => text): string {
  let value = "";
  for (const [index, part] of parts.entries()) {
    if (typeof part === "string") value += escapeText(part, typeof parts[index + 1] === "object", seen);
    else value += `${OPEN + part.key}${part.fallback === undefined ? "" : DEFAULT + part.fallback}}`;
  }
  return value;
}

/** Doubles the dollars before `{piggy:`, and those at the end when a reference follows. */
function escapeText(text: string, isBeforeReference: boolean, seen: (text: string) => string): string {
  const escaped = text.split(OPEN).map((piece) => piece + dollarsAtEnd(seen(piece)));
  const last = text.slice(text.lastIndexOf(OPEN) < 0 ? 0 : text.lastIndexOf(OPEN) + OPEN.length);
  if (!isBeforeReference) escaped[escaped.length - 1] = last;
  return escaped.join(`$${OPEN}`);
}

function dollarsAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charAt(end - 1) === "$") end -= 1;
  return text.slice(end);
}
