/** Durations, as Go writes them. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek mu
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const TERM = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** In characters. */
const LONGEST_TEXT = 64;
/** In a millisecond. */
const NANOSECONDS = 1e6;
/** Go's limit: int64 nanoseconds. */
const LONGEST = 2 ** 63 / NANOSECONDS;

/**
 * A Go duration in milliseconds, to the nanosecond: one or many terms with fractions and a unit (`1h15m30.5s`), an
 * optional sign, or a bare `0`. Undefined when it is none. Source: Go, package time, func ParseDuration.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  let total = 0;
  TERM.lastIndex = 0;
  let at = 0;
  while (at < unsigned.length) {
    const term = TERM.exec(unsigned);
    if (term === null) return undefined;
    total += Number(term[1]) * (MILLISECONDS[term[2] ?? ""] ?? Number.NaN);
    at = TERM.lastIndex;
  }
  if (at === 0 || total > LONGEST) return undefined;
  // Nothing is shorter: a smaller rest would be written as 1e-7, which is no duration.
  const whole = Math.round(total * NANOSECONDS) / NANOSECONDS;
  return text.startsWith("-") ? -whole : whole;
}
