/** Kubernetes quantities. */
import fc from "fast-check";
import {
  billionthsOf,
  bytesOf,
  formatBytes,
  formatMillis,
  isResourceQuantity,
  isSameQuantity,
} from "../../../lib/quantity.ts";
import { near } from "../near.ts";
import { target } from "../target.ts";

const DECIMAL = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const BINARY = new Map([
  ["Ki", 10n],
  ["Mi", 20n],
  ["Gi", 30n],
  ["Ti", 40n],
  ["Pi", 50n],
  ["Ei", 60n],
]);
const SUFFIXES = [...DECIMAL.keys(), ...BINARY.keys(), "e3", "E3", "e-3", "e+2"];

const good = fc
  .tuple(
    fc.constantFrom("", "+", "-"),
    fc.nat({ max: 99_999 }),
    fc.constantFrom("", ".", ".5", ".001", ".25"),
  )
  .chain(([sign, whole, fraction]) =>
    fc.constantFrom(...SUFFIXES).map((suffix) => `${sign}${whole}${fraction}${suffix}`),
  );

/** In billionths, rounded up, by one fraction of whole numbers. */
function exactly(text: string): bigint | undefined {
  const [, integer = "", fraction = "", suffix = ""] = /^\+?(\d*)(?:\.(\d*))?([a-zA-Z].*)?$/.exec(text) ?? [];
  if (integer + fraction === "") return undefined;
  const digits = BigInt(integer + fraction);
  const exponent = /^[eE][+-]?\d+$/.test(suffix) ? Number(suffix.slice(1)) : DECIMAL.get(suffix);
  const shift = BINARY.get(suffix);
  if (exponent === undefined && shift === undefined) return undefined;
  const power = 9 + Math.max(-200, Math.min(200, exponent ?? 0)) - fraction.length;
  const above = (digits << (shift ?? 0n)) * 10n ** BigInt(Math.max(power, 0));
  const below = 10n ** BigInt(Math.max(-power, 0));
  return (above + below - 1n) / below;
}

export const quantities = target({
  name: "quantity",
  inputs: near([...SUFFIXES, "0", "1", "9", "100", ".", "-", "+", "e", "E"], good),
  check(text) {
    const amount = billionthsOf(text);
    if ((amount !== undefined) !== isResourceQuantity(text)) throw new Error("it is and is not a quantity");
    if (amount === undefined) {
      if (bytesOf(text) !== undefined || isSameQuantity(text, text))
        throw new Error("it is none, and has an amount");
      return text.length > 64 ? "too long" : "none";
    }
    if (amount < 0n) throw new Error("it is negative");
    const exact = exactly(text);
    // Beyond that an exponent says no more than that the number is too large, or too small.
    const isHuge = Math.abs(Number(/[eE]([+-]?\d+)$/.exec(text)?.[1] ?? 0)) > 50 || text.length > 40;
    if (exact === undefined || (!isHuge && exact !== amount))
      throw new Error(`it is ${amount}, and should be ${exact}`);
    if (!isSameQuantity(text, text)) throw new Error("it is not the same as itself");
    const bytes = bytesOf(text) ?? -1n;
    const written = bytesOf(formatBytes(bytes));
    if (isHuge) return "huge";
    if (written === undefined || written < bytes || written - bytes >= 1024n) {
      throw new Error(`${bytes} bytes are written as ${formatBytes(bytes)}`);
    }
    const millis = billionthsOf(formatMillis(amount));
    if (millis === undefined || millis < amount || millis - amount >= 1_000_000n) {
      throw new Error(`${amount} is written as ${formatMillis(amount)}`);
    }
    return amount === 0n ? "nothing" : "read";
  },
});
