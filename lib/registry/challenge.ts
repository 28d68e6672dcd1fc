/** WWW-Authenticate. Source: RFC 9110, 11.6.1; distribution spec, "Token Authentication". */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What is followed by an equals sign is a parameter, so a scheme is what is not. */
const SCHEME = /[\s,]*([\w-]+)(?:\s+|(?=,)|$)/y;
const PARAMETER = /[\s,]*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,="]+))\s*(?=,|$)/y;
/** What some schemes have in place of parameters. */
const TOKEN = /[\w.~+/-]+=*\s*(?=,|$)/y;

/** The challenges of a header, or of several joined by commas, as far as they can be read. */
export function parseChallenges(header: string | null): readonly Challenge[] {
  const text = header ?? "";
  const challenges: Challenge[] = [];
  let at = 0;
  const next = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (let start = next(SCHEME); start !== null; start = next(SCHEME)) {
    const parameters = new Map<string, string>();
    const afterScheme = at;
    for (let match = next(PARAMETER); match !== null; match = next(PARAMETER)) {
      const [, name = "", quoted, bare = ""] = match;
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare);
    }
    if (at === afterScheme) next(TOKEN);
    challenges.push({ scheme: (start[1] ?? "").toLowerCase(), parameters });
  }
  return challenges;
}

const PREFERENCE = ["bearer", "basic"];

/** Those that we know how to answer, a token before a password, each kind in the registry's own order. */
export function answerable(challenges: readonly Challenge[]): readonly Challenge[] {
  return PREFERENCE.flatMap((scheme) => challenges.filter((challenge) => challenge.scheme === scheme));
}
