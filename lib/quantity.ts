const QUANTITY = /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

const LONGEST = 64;

/**
 * Whether the text is a Kubernetes quantity that a resource may have: a number with an optional binary suffix,
 * decimal suffix or exponent, and not negative. Source: Kubernetes API reference, Quantity.
 */
export function isResourceQuantity(text: string): boolean {
  return text.length <= LONGEST && QUANTITY.test(text) && !text.startsWith("-");
}
