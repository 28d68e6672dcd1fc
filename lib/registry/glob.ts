/**
 * One label of a host's name held against a pattern. Source: Kubernetes documentation, "Images", "Interpretation of
 * config.json", whose grammar is that of Go's path.Match.
 */

type Range = readonly [from: string, to: string];

type Term =
  | { readonly kind: "any sequence" }
  | { readonly kind: "any character" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly Range[] };

/** Whether the whole text is as the pattern says; a malformed pattern matches nothing. */
export function matchesGlob(pattern: string, text: string): boolean {
  const terms = parseGlob(pattern);
  if (terms === undefined) return false;
  let at = 0;
  let next = 0;
  // Only the last star can have to take more than it did: what stands before it has been matched as early as can be.
  let star: { readonly next: number; at: number } | undefined;
  while (at < text.length || next < terms.length) {
    const term = terms[next];
    if (term?.kind === "any sequence") {
      next += 1;
      star = { next, at };
    } else if (term !== undefined && at < text.length && accepts(term, text.charAt(at))) {
      next += 1;
      at += 1;
    } else if (star !== undefined && star.at < text.length) {
      star.at += 1;
      at = star.at;
      next = star.next;
    } else return false;
  }
  return true;
}

function accepts(term: Exclude<Term, { kind: "any sequence" }>, character: string): boolean {
  if (term.kind === "any character") return true;
  return term.ranges.some(([from, to]) => from <= character && character <= to) !== term.negated;
}

function parseGlob(pattern: string): readonly Term[] | undefined {
  const terms: Term[] = [];
  for (let at = 0; at < pattern.length; ) {
    const character = pattern.charAt(at);
    if (character === "*" || character === "?") {
      terms.push({ kind: character === "*" ? "any sequence" : "any character" });
      at += 1;
      continue;
    }
    const read = character === "[" ? parseClass(pattern, at) : parseLiteral(pattern, at);
    if (read === undefined) return undefined;
    terms.push(read.term);
    at = read.end;
  }
  return terms;
}

interface Read {
  readonly term: Term;
  /** Behind what was read. */
  readonly end: number;
}

function parseLiteral(pattern: string, start: number): Read | undefined {
  const at = pattern.charAt(start) === "\\" ? start + 1 : start;
  const character = pattern.charAt(at);
  if (character === "") return undefined;
  return { term: { kind: "class", negated: false, ranges: [[character, character]] }, end: at + 1 };
}

function parseClass(pattern: string, start: number): Read | undefined {
  const negated = pattern.charAt(start + 1) === "^";
  const ranges: Range[] = [];
  let at = start + (negated ? 2 : 1);
  /** A character of the class; a hyphen or a bracket only behind a backslash. */
  const take = () => {
    const isEscaped = pattern.charAt(at) === "\\";
    const character = pattern.charAt(isEscaped ? at + 1 : at);
    at += isEscaped ? 2 : 1;
    return character === "" || (!isEscaped && /[\]-]/.test(character)) ? undefined : character;
  };
  do {
    const from = take();
    if (from === undefined) return undefined;
    const isRange = pattern.charAt(at) === "-";
    if (isRange) at += 1;
    const to = isRange ? take() : from;
    if (to === undefined) return undefined;
    ranges.push([from, to]);
  } while (pattern.charAt(at) !== "]");
  return { term: { kind: "class", negated, ranges }, end: at + 1 };
}
