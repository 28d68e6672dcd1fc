/** Go durations. */
import fc from "fast-check";
import { parseDuration } from "../../../lib/duration.ts";
import { near } from "../near.ts";
import { target } from "../target.ts";

const UNITS = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const GRAMMAR = [
  ...UNITS.keys(),
  "0",
  "1",
  "9",
  "15",
  ".",
  ".5",
  "-",
  "+",
  "1h",
  "1.5s",
  "9223372036854775807",
];
const MOST = 2n ** 63n;
const LONGEST = 64;

const number = fc
  .tuple(fc.nat({ max: 99_999 }), fc.option(fc.nat({ max: 999_999 }), { nil: undefined }))
  .map(([whole, fraction]) => (fraction === undefined ? `${whole}` : `${whole}.${fraction}`));
const term = fc.tuple(number, fc.constantFrom(...UNITS.keys())).map((parts) => parts.join(""));
const good = fc
  .tuple(fc.constantFrom("", "-", "+"), fc.array(term, { minLength: 1, maxLength: 4 }))
  .map(([sign, terms]) => sign + terms.join(""));

/** In nanoseconds by whole numbers, a fraction of one cut off, as time.ParseDuration has it. */
function nanosecondsOf(text: string): bigint | undefined {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0n;
  if (rest === "") return undefined;
  let total = 0n;
  let left = rest;
  while (left !== "") {
    const [whole, integer = "", fraction = "", unit = ""] =
      /^(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/.exec(left) ?? [];
    if (whole === undefined || integer + fraction === "") return undefined;
    const size = UNITS.get(unit) ?? 0n;
    total +=
      BigInt(integer || "0") * size + (BigInt(fraction || "0") * size) / 10n ** BigInt(fraction.length);
    left = left.slice(whole.length);
  }
  if (total > (sign === "-" ? MOST : MOST - 1n)) return undefined;
  return sign === "-" ? -total : total;
}

export const durations = target({
  name: "duration",
  inputs: near(GRAMMAR, good),
  check(text) {
    const milliseconds = parseDuration(text);
    const exact = nanosecondsOf(text);
    if (text.length > LONGEST) {
      if (milliseconds !== undefined) throw new Error("what is too long is read");
      return "too long";
    }
    if ((milliseconds === undefined) !== (exact === undefined)) {
      throw new Error(`it is ${milliseconds}, and for Go ${exact}`);
    }
    if (milliseconds === undefined || exact === undefined) return "none";
    // The sum of a few numbers that are each rounded; a day is exact to the nanosecond.
    const off = Math.abs(milliseconds - Number(exact) / 1e6);
    if (off > 5e-6 + Math.abs(milliseconds) * 1e-15)
      throw new Error(`it is ${milliseconds}, and for Go ${exact}`);
    return milliseconds === 0 ? "nothing" : milliseconds < 0 ? "negative" : "read";
  },
});
