/**
 * Values that mention a variable of which only the kubelet will know whether it holds a reference: one that an object
 * may set which is not seen at admission. The kubelet puts its text there, and in the middle of a value `piggy:KEY` is
 * none for the injector. So the injector is given such a value once more, in a variable of its own right in front,
 * where the kubelet expands it the same way and each part in question stands between marks. The application's own
 * variable stays as it is: probes and hooks see that one.
 *
 * A text that ends with a dollar, or is nothing behind one, is marked as well where a reference follows, which the
 * dollar would make text.
 */
import { PiggyError } from "../../error.ts";
import { expand, mentionedNames, replaceMentions } from "../../expansion.ts";
import type { JsonObject } from "../../json.ts";
import type { Container, EnvVar } from "../../pod.ts";
import { parseReference } from "../../reference/reference.ts";
import { holdsReference, OPEN } from "../../reference/value.ts";
import { isOwnVariable, MENTIONS_IN } from "../../variables.ts";
import { LONGEST_ENVIRONMENT } from "./inline.ts";

/** A character that no variable can hold, until the container's PIGGY_UID takes its place. */
const MARK = "\0";

/**
 * In characters, of a prefix: of a longer one only its beginning counts, so that names are not held against thousands of
 * lengths. Taken for open is then what would not be, by an object of a prefix that long beside one that begins alike.
 */
const LONGEST_PREFIX = 64;

/** A mention of nothing: a dollar in front of what has marks of its own would be taken for part of that. */
const SEAM = MARK + MARK;

export interface Mentions {
  /** An object that is not seen may set every name that begins so. */
  addPrefix(prefix: string): void;
  /** It may hold a reference. */
  addName(name: string): void;
  /** It has been set to something that is known. */
  settle(name: string): void;
  /** Whether only the kubelet will know what it holds. */
  isOpen(name: string): boolean;
  /**
   * Takes a variable's value, as the kubelet will get it, and what it makes of it as far as is known.
   * @returns the value with its marks, if it has any
   */
  mark(name: string, value: string, expanded: string): string | undefined;
}

/** What is to be known of a variable that is mentioned. */
export interface Mentioned {
  isKnown(name: string): boolean;
  /** Whether its text is, or may be, empty or ends with a dollar; of a Secret's, always: a mark would tell. */
  mayJoinDollars(name: string): boolean;
}

/** For one container, which is gone through in the kubelet's order. */
export function createMentions({ isKnown, mayJoinDollars }: Mentioned): Mentions {
  // When each was last said; a Pod may name one object under thousands of prefixes, so they are not gone through.
  const prefixes = new Map<string, number>();
  const lengths = new Set<number>();
  const settled = new Map<string, number>();
  let now = 0;
  const uncertain = new Set<string>();
  // Whether the whole value is a reference.
  const marked = new Map<string, boolean>();
  const isUncertain = (name: string) => {
    if (uncertain.has(name)) return true;
    const since = settled.get(name) ?? 0;
    const isSaid = (length: number) => (prefixes.get(name.slice(0, length)) ?? 0) > since;
    return lengths.values().some((length) => length <= name.length && isSaid(length));
  };
  const addName = (name: string) => {
    uncertain.add(name);
    marked.delete(name);
  };
  const settle = (name: string) => {
    uncertain.delete(name);
    marked.delete(name);
    // A prefix that is said later counts from then on, whatever was before.
    if (prefixes.size > 0) settled.set(name, ++now);
  };
  const markIn = (value: string) => {
    const beforeReferences = namesBeforeReferences(value);
    return replaceMentions(value, (name) => {
      // What is a whole reference by itself is none in the middle of another value.
      const isWhole = marked.get(name);
      if (isWhole === false) return `${SEAM}$(${MENTIONS_IN}${name})${SEAM}`;
      const isMarked = isWhole || isUncertain(name) || (beforeReferences.has(name) && mayJoinDollars(name));
      return isMarked ? `${MARK}$(${name})${MARK}` : undefined;
    });
  };
  return {
    addPrefix(prefix) {
      const beginning = prefix.slice(0, LONGEST_PREFIX);
      prefixes.set(beginning, ++now);
      lengths.add(beginning.length);
    },
    addName,
    settle,
    isOpen: (name) => marked.has(name) || isUncertain(name),
    mark(name, value, expanded) {
      if (isOwnVariable(name) || value.includes(MARK)) return undefined;
      const text = markIn(value);
      // A copy is a reference where the other is one.
      const isCopy = text.startsWith(MARK) && text.indexOf(MARK, 1) === text.length - 1;
      const isHeldUnread = holdsReference(expanded) && mentionedNames(value).some((other) => !isKnown(other));
      if (isCopy || (text === value && isHeldUnread)) addName(name);
      else settle(name);
      if (isCopy || text === value) return undefined;
      marked.set(name, parseReference(text) !== undefined);
      return text;
    },
  };
}

/** The names between whose mention and a `${piggy:` behind it there is nothing, but for dollars and other mentions. */
function namesBeforeReferences(value: string): ReadonlySet<string> {
  const names = new Set<string>();
  if (!value.includes(OPEN)) return names;
  const texts = expand(value, (name) => MARK + name + MARK).split(OPEN);
  for (const text of texts.slice(0, -1)) {
    // The pieces at odd places are names.
    const pieces = text.split(MARK);
    for (let at = pieces.length - 1; at > 0 && !/[^$]/.test(pieces[at] ?? ""); at -= 2)
      names.add(pieces[at - 1] ?? "");
  }
  return names;
}

/**
 * The container's variables as `write` has them, each with marks behind the one that says them to the injector.
 * @throws PiggyError `reference_embedded` for a name that is set twice, of which the injector could not say which
 */
export function withMentions(
  { name: container, env }: Container,
  marked: ReadonlyMap<EnvVar, string>,
  uid: string,
  write: (variable: EnvVar) => JsonObject,
): readonly JsonObject[] {
  const isOld = ({ name }: EnvVar) => name.startsWith(MENTIONS_IN);
  const others = env.some(isOld) ? env.filter((variable) => !isOld(variable)) : env;
  if (marked.size === 0) return others.map(write);
  const again = repeated(others.map(({ name }) => name));
  let left = LONGEST_ENVIRONMENT;
  return others.flatMap((variable) => {
    const text = marked.get(variable);
    if (text === undefined) return [write(variable)];
    const { name } = variable;
    left -= text.length + text.split(MARK).length * uid.length;
    if (left < 0) throw notMarked(container, name, "is too long", "shorten it");
    if (again.has(name)) throw notMarked(container, name, "is set twice", "set it once");
    return [{ name: MENTIONS_IN + name, value: text.replaceAll(MARK, uid) }, write(variable)];
  });
}

function repeated(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const name of names) (seen.has(name) ? again : seen).add(name);
  return again;
}

function notMarked(container: string, name: string, fault: string, remedy: string): PiggyError {
  return new PiggyError(
    "reference_embedded",
    `container ${JSON.stringify(container)}: ${name} ${fault}, and mentions a variable that may turn out to be a ` +
      "reference, for it may come from an object that is not there yet or may not be read, or that may end with a " +
      `dollar in front of a reference: ${remedy}`,
  );
}

/** PIGGY_MENTIONED: of a name that the kubelet does not know, `NAME=$(NAME)` stays as it is. */
export function mentionedVariable(names: readonly string[], uid: string): string {
  return names.map((name) => `${name}=$(${name})`).join(uid);
}
