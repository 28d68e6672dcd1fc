/**
 * The variable part of a pattern: `*` is any text without a slash, `**` any text at all, either may be empty, and
 * `{namespace}` and `{serviceAccount}` are those of whoever asks, as literal text.
 */

/** Who asks. */
export interface Asker {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export type Term =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "placeholder"; readonly name: keyof Asker }
  | { readonly kind: "wildcard"; readonly isCrossing: boolean };

export type Glob = readonly Term[];

const TERM = /\*+|\{[^{}]*\}|[^*{}]+|[{}]/g;

/**
 * @param literal what text must be
 * @throws Error that says in words what is wrong with the pattern
 */
export function parseGlob(pattern: string, literal: RegExp): Glob {
  const glob = (pattern.match(TERM) ?? []).map((part) => termOf(part, literal));
  for (const [index, term] of glob.entries()) {
    if (term.kind === "placeholder") requireAlone(glob, index);
  }
  return glob;
}

function termOf(part: string, literal: RegExp): Term {
  if (part.startsWith("*")) {
    if (part.length > 2) throw new Error("more than two stars stand side by side");
    return { kind: "wildcard", isCrossing: part.length === 2 };
  }
  if (part === "{namespace}" || part === "{serviceAccount}") {
    return { kind: "placeholder", name: part === "{namespace}" ? "namespace" : "serviceAccount" };
  }
  if (/[{}]/.test(part)) {
    throw new Error(`${JSON.stringify(part)} is neither {namespace} nor {serviceAccount}`);
  }
  if (!literal.test(part))
    throw new Error(`${JSON.stringify(part)} holds characters that no name in AWS has`);
  return { kind: "text", text: part };
}

/**
 * With `{namespace}-*` the namespace `a` would have what is meant for the namespace `a-b`. So what is between two
 * slashes holds nothing else that varies beside a placeholder, and from one end at least its slashes can be counted.
 */
function requireAlone(glob: Glob, index: number): void {
  const before = glob.slice(0, index).reverse();
  const behind = glob.slice(index + 1);
  const varies = [...beforeSlash(before), ...beforeSlash(behind)].some(({ kind }) => kind !== "text");
  if (varies) {
    throw new Error(
      "beside a placeholder stands another or a star, without a slash between them: who asks could have what is meant for another",
    );
  }
  if (before.some(isCrossing) && behind.some(isCrossing)) {
    throw new Error("a placeholder has ** on both sides: who asks could have what is meant for another");
  }
}

/** Up to the first term with a slash. */
function beforeSlash(terms: Glob): Glob {
  const end = terms.findIndex((term) => term.kind === "text" && term.text.includes("/"));
  return end < 0 ? terms : terms.slice(0, end);
}

function isCrossing(term: Term | undefined): boolean {
  return term?.kind === "wildcard" && term.isCrossing;
}

export function hasPlaceholder(glob: Glob, name: keyof Asker): boolean {
  return glob.some((term) => term.kind === "placeholder" && term.name === name);
}

/** The text that is meant where nothing varies, else undefined. */
export function literalOf(glob: Glob): string | undefined {
  const [term] = glob;
  return glob.length === 1 && term?.kind === "text" ? term.text : undefined;
}

/** The text that a pattern without stars is for who asks. */
export function fillIn(glob: Glob, asker: Asker): string {
  return glob
    .map((term) => (term.kind === "wildcard" ? "" : term.kind === "text" ? term.text : asker[term.name]))
    .join("");
}

/** Whether the whole text is as the pattern says. Each character is looked at once a term. */
export function matchesGlob(glob: Glob, text: string, asker: Asker): boolean {
  // Where in the text that which was matched so far can end, from the first place to the last.
  let ends: readonly number[] = [0];
  for (const term of glob) {
    ends = term.kind === "wildcard" ? endsOfWildcard(term, text, ends) : endsOfText(term, text, ends, asker);
    if (ends.length === 0) return false;
  }
  return ends.at(-1) === text.length;
}

function endsOfText(
  term: Exclude<Term, { kind: "wildcard" }>,
  text: string,
  ends: readonly number[],
  asker: Asker,
): readonly number[] {
  const literal = term.kind === "text" ? term.text : asker[term.name];
  return ends.filter((end) => text.startsWith(literal, end)).map((end) => end + literal.length);
}

function endsOfWildcard(
  { isCrossing }: Term & { kind: "wildcard" },
  text: string,
  ends: readonly number[],
): readonly number[] {
  const found: number[] = [];
  for (const start of ends) {
    // An earlier place in the same segment led to all that this one leads to.
    if (start <= (found.at(-1) ?? -1)) continue;
    for (let end = start; end <= text.length; end += 1) {
      found.push(end);
      if (!isCrossing && text.charAt(end) === "/") break;
    }
  }
  return found;
}

/** What no pattern's text holds, so only a wildcard takes it. */
const ANYTHING = "\u0000";

/** Whether every text is as the pattern says that begins as given. */
export function coversAllFrom(glob: Glob, beginning: string, asker: Asker): boolean {
  // A `**` at the end takes what is behind the mark whatever it is, and no other wildcard stands directly before it.
  return isCrossing(glob.at(-1)) && matchesGlob(glob, beginning + ANYTHING, asker);
}
