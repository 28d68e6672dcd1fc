/** What a container may have been given, by what AWS held when. Pure. */

/** What the program of a Pod got for each of its variables: fingerprints, `literal` for a reference, `unset`. */
export type Values = Readonly<Record<string, string>>;

export interface Said {
  /** When the program got control, in milliseconds since 1970 by the clock of the machine. */
  readonly at: number;
  readonly values: Values;
}

/** A state of AWS's. */
export interface Version {
  readonly serial: number;
  /** From when on AWS held it, in milliseconds since 1970. */
  readonly from: number;
  /** What a program has to have got by it. */
  readonly values: Values;
}

/** A time in which AWS did not answer as it should. */
export interface Disturbed {
  readonly from: number;
  /** Undefined while it lasts. */
  readonly until: number | undefined;
}

export interface Truth {
  /** In the order of their time. */
  readonly versions: readonly Version[];
  readonly disturbed: readonly Disturbed[];
  /** How long what AWS said may be kept; as long again where it does not answer. */
  readonly ttlMs: number;
}

/** Between the answer to the injector and the program's first instruction, on a busy machine. */
const SLACK_MS = 5_000;

export type Fault =
  | { readonly kind: "literal"; readonly what: string }
  | { readonly kind: "wrong value"; readonly what: string }
  | { readonly kind: "kept too long"; readonly what: string };

/** Undefined where it got what it should. */
export function judge({ at, values }: Said, truth: Truth): Fault | undefined {
  const literal = Object.entries(values).find(([, value]) => value === "literal");
  if (literal !== undefined) return { kind: "literal", what: `${literal[0]} holds a reference` };
  const ages = Object.keys(truth.versions[0]?.values ?? {}).map((name) => ({
    name,
    version: truth.versions.findLast((each) => each.from <= at && each.values[name] === values[name]),
  }));
  const wrong = ages.find(({ version }) => version === undefined);
  if (wrong !== undefined) {
    return { kind: "wrong value", what: `${wrong.name} is ${values[wrong.name] ?? "not said"}` };
  }
  for (const { name, version } of ages) {
    const age = at - endOf(version, truth.versions);
    if (age > longest(at, truth)) {
      return {
        kind: "kept too long",
        what: `${name} is of a version that ended ${Math.round(age)} ms before`,
      };
    }
  }
  return ofOneVersion(ages.filter(({ name }) => ONE_SECRET.includes(name)));
}

/** These are of one secret, and of one version of it, whichever that is. */
export const ONE_SECRET: readonly string[] = ["KEY", "JOINED"];

function ofOneVersion(
  ages: readonly { readonly name: string; readonly version: Version | undefined }[],
): Fault | undefined {
  const serials = new Set(ages.map(({ version }) => version?.serial));
  if (serials.size <= 1) return undefined;
  return { kind: "wrong value", what: `one secret in two versions: ${[...serials].join(", ")}` };
}

/** When the next one took its place; never for the last. */
function endOf(version: Version | undefined, versions: readonly Version[]): number {
  const next = versions.find(({ serial }) => version !== undefined && serial === version.serial + 1);
  return next?.from ?? Number.POSITIVE_INFINITY;
}

function longest(at: number, { disturbed, ttlMs }: Truth): number {
  const isDisturbed = disturbed.some(
    ({ from, until = at }) => from <= at && until >= at - 2 * ttlMs - SLACK_MS,
  );
  return (isDisturbed ? 2 * ttlMs : ttlMs) + SLACK_MS;
}

/** As the program in programs/says.c makes it. Source: Fowler, Noll, Vo, "FNV hash", 64 bits, variant 1a. */
export function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/** What the program says, or undefined for any other line. */
export function parseSaid(line: string): Said | undefined {
  const [, seconds, rest = ""] = /^said at=(\d+\.\d+)((?: \w+=\w+)+)$/.exec(line) ?? [];
  if (seconds === undefined) return undefined;
  const values = rest
    .trim()
    .split(" ")
    .map((pair) => pair.split("="));
  return { at: Number(seconds) * 1000, values: Object.fromEntries(values) };
}
