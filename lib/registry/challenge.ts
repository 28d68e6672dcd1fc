/** WWW-Authenticate. Source: RFC 9110, 11.6.1; distribution spec, "Token Authentication". */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const PARAMETER = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))\s*,?\s*/y;

/** The first challenge of a header; undefined when there is none that can be read. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const start = /^\s*([\w-]+)(?:\s+|$)/.exec(header ?? "");
  if (header === null || start === null) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = start[0].length;
  for (let match = PARAMETER.exec(header); match !== null; match = PARAMETER.exec(header)) {
    const [, name = "", quoted, bare = ""] = match;
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare);
  }
  return { scheme: (start[1] ?? "").toLowerCase(), parameters };
}
