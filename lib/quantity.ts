/** Amounts of resources, as Kubernetes writes them. */

const QUANTITY = /^[+-]?(?:(\d+)\.?(\d*)|\.(\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d+))?$/;

const LONGEST = 64;

/**
 * Whether the text is a Kubernetes quantity that a resource may have: a number with an optional binary suffix,
 * decimal suffix or exponent, and not negative. Source: Kubernetes API reference, Quantity.
 */
export function isResourceQuantity(text: string): boolean {
  return text.length <= LONGEST && QUANTITY.test(text) && !text.startsWith("-");
}

/** The finest that the API server keeps: a billionth. */
const SCALE = 9;
/** Beyond this an exponent says no more than that the number is too large, or too small. */
const LARGEST_EXPONENT = 100;
const DECIMALS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARIES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** What a resource's quantity comes to, in billionths, rounded up as the API server does; undefined when it is none. */
export function billionthsOf(text: string): bigint | undefined {
  const [, whole = "", decimals = "", decimalsAlone = "", suffix = "", exponent = "0"] =
    QUANTITY.exec(text) ?? [];
  if (!isResourceQuantity(text)) return undefined;
  const fraction = decimals + decimalsAlone;
  const binary = Math.max(0, BINARIES.indexOf(suffix));
  const digits = BigInt(whole + fraction) << BigInt(10 * binary);
  const power = (DECIMALS[suffix] ?? Number(exponent)) - fraction.length + SCALE;
  const factor = 10n ** BigInt(Math.min(Math.abs(power), LARGEST_EXPONENT));
  return power >= 0 ? digits * factor : dividedUp(digits, factor);
}

/** Whether two texts say the same: the API server writes `1000m` as `1`. */
export function isSameQuantity(one: string, other: string): boolean {
  const amount = billionthsOf(one);
  return amount !== undefined && amount === billionthsOf(other);
}

/** Whether the one amount is the larger; what is no quantity is no amount. */
export function isMore(one: string, other: string): boolean {
  const [amount, otherAmount] = [billionthsOf(one), billionthsOf(other)];
  return amount !== undefined && otherAmount !== undefined && amount > otherAmount;
}

/** Bytes in whole kibibytes, rounded up, spelt as the API server would: with the largest binary suffix that fits. */
export function formatBytes(bytes: bigint): string {
  let amount = dividedUp(bytes, 1024n);
  let suffix = 1;
  while (amount > 0n && amount % 1024n === 0n && suffix < BINARIES.length - 1) {
    amount /= 1024n;
    suffix += 1;
  }
  return amount === 0n ? "0" : `${amount}${BINARIES[suffix]}`;
}

/** Billionths in whole thousandths, rounded up, as amounts of CPU are usually written. */
export function formatMillis(billionths: bigint): string {
  return `${dividedUp(billionths, 1_000_000n)}m`;
}

/** Rounded up to whole bytes. */
export function bytesOf(text: string): bigint | undefined {
  const billionths = billionthsOf(text);
  return billionths === undefined ? undefined : dividedUp(billionths, 10n ** BigInt(SCALE));
}

function dividedUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}
