/** What a request is for, in its address. */

export interface Target {
  readonly path: string;
  readonly query: string;
}

/**
 * The two parts of an address that tell requests apart. Bun has it in its normal form, with a scheme and a host, but for
 * a Host header that is none: then it is the request's target alone.
 */
export function targetOf(address: string): Target {
  const begin = address.startsWith("/") ? 0 : address.indexOf("/", address.indexOf("://") + "://".length);
  const mark = address.indexOf("?", begin);
  return mark < 0
    ? { path: address.slice(begin), query: "" }
    : { path: address.slice(begin, mark), query: address.slice(mark + 1) };
}
