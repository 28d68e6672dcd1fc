/** Texts that are nearly of a grammar: its words in any order, and good texts with something put in, out or elsewhere. */
import fc from "fast-check";

/** What parsers stumble over, whatever their grammar. */
const ODD = [
  "\0",
  "\n",
  "\r\n",
  "\t",
  " ",
  "\u00a0",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\u001b[31m",
  "é",
  "µ",
  "😀",
  "\ud800",
  "İ",
  "ß",
  "%",
  "%zz",
  "%41",
  "\\",
  '"',
  "'",
  "`",
  ",",
  ";",
  ":",
  "=",
  "/",
  "//",
  "..",
  "@",
  "#",
  "?",
  "&",
  "$",
  "$(",
  "${",
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  "<",
  ">",
  "*",
  "**",
  "|",
  "!",
  "-",
  "--",
  "+",
  "_",
  "~",
  "0",
  "-1",
  "1e9",
  "99999999999999999999",
  "0x10",
  "NaN",
  "null",
  "true",
  "__proto__",
  "constructor",
  "toString",
  "a".repeat(64),
  "a".repeat(300),
] as const;

/** Any few of the words, with odd ones and single characters among them. */
export function words(grammar: readonly string[], maxLength = 12): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...grammar) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD) },
    { weight: 1, arbitrary: fc.string({ maxLength: 3, unit: "grapheme" }) },
  );
  return fc.array(word, { maxLength }).map((all) => all.join(""));
}

interface Damage {
  readonly kind: "out" | "in" | "instead" | "again";
  readonly at: number;
  readonly length: number;
  readonly put: string;
  readonly times: number;
}

const anywhere = fc.nat({ max: 1 << 20 });

/** The texts with up to three places damaged, and now and then as they are. */
export function damaged(good: fc.Arbitrary<string>, grammar: readonly string[] = []): fc.Arbitrary<string> {
  const damage: fc.Arbitrary<Damage> = fc.record({
    kind: fc.constantFrom("out", "in", "instead", "again"),
    at: anywhere,
    // Most of what is taken is short, or the damage would be all that is left.
    length: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 4 }), anywhere),
    put: fc.constantFrom(...ODD, ...grammar),
    times: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 2, max: 40 }) },
    ),
  });
  return fc
    .tuple(good, fc.array(damage, { maxLength: 3 }))
    .map(([text, all]) => all.reduce(withDamage, text));
}

function withDamage(text: string, { kind, at, length, put, times }: Damage): string {
  const start = at % (text.length + 1);
  const end = start + (length % (text.length - start + 1));
  const [before, piece, behind] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  switch (kind) {
    case "out":
      return before + behind;
    case "in":
      return before + put.repeat(times) + piece + behind;
    case "instead":
      return before + put.repeat(times) + behind;
    case "again":
      return before + piece.repeat(times + 1) + behind;
  }
}

/** Words, and good texts damaged. */
export function near(grammar: readonly string[], good: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(words(grammar), damaged(good, grammar));
}

/** A text of these characters. */
export function letters(characters: string, minLength = 0, maxLength = 12): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
}
