/** Numbers and texts that look random and are the same at every run. Source: mulberry32, public domain. */
export function seededRandom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const oneOf = <T>(choices: readonly [T, ...T[]]): T =>
    choices[integer(0, choices.length - 1)] ?? choices[0];
  const text = (least: number, most: number, alphabet: string) => {
    const [first = "", ...rest] = alphabet;
    return Array.from({ length: integer(least, most) }, () => oneOf([first, ...rest])).join("");
  };
  return { integer, oneOf, text };
}
