/** What a variable's value says of references. */
import fc from "fast-check";
import { planEntries } from "../../../lib/reference/entry-plan.ts";
import { formatReference, parseReference } from "../../../lib/reference/reference.ts";
import { parseStoreEntry, type StoreEntry } from "../../../lib/reference/store-entry.ts";
import { formatEmbedded, type Part, parseEmbedded, parseValue } from "../../../lib/reference/value.ts";
import { isRegion } from "../../../lib/region.ts";
import { damaged, words } from "../near.ts";
import { read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const VALUES = [
  "piggy:",
  "PIGGY:",
  "PiGgY:",
  "${piggy:",
  "$${piggy:",
  "$$${piggy:",
  "}",
  ":-",
  "KEY",
  "a",
  "$",
  "\n",
  "//sm/a",
];

/** The notation by one expression, which the reader itself does without. */
function partsOf(value: string): readonly Part[] | undefined {
  if (/^piggy:/i.test(value)) return [{ key: value.slice(6).replace(/[\r\n]+$/, "") }];
  if (!value.includes("${piggy:")) return undefined;
  const parts: Part[] = [];
  const add = (text: string) => {
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = last + text;
    else if (text !== "") parts.push(text);
  };
  let at = 0;
  const notation = /(\$*)\$\{piggy:/g;
  for (let match = notation.exec(value); match !== null; match = notation.exec(value)) {
    const [whole, dollars = ""] = match;
    add(value.slice(at, match.index) + "$".repeat(Math.floor(dollars.length / 2)));
    at = match.index + whole.length;
    const close = value.indexOf("}", at);
    if (dollars.length % 2 === 1 || close < 0) {
      add("${piggy:");
      continue;
    }
    const [, key = "", fallback] = /^(.*?)(?::-(.*))?$/s.exec(value.slice(at, close)) ?? [];
    parts.push(fallback === undefined ? { key } : { key, fallback });
    at = close + 1;
    notation.lastIndex = at;
  }
  add(value.slice(at));
  return parts;
}

export const values = target({
  name: "value",
  inputs: words(VALUES),
  check(value) {
    const parts = parseValue(value);
    const expected = partsOf(value);
    if (!Bun.deepEquals(parts, expected)) {
      throw new Error(`${JSON.stringify(parts)}, and not ${JSON.stringify(expected)}`);
    }
    const whole = parseReference(value);
    if (whole !== undefined) {
      if (parseReference(formatReference(whole))?.key !== whole.key) throw new Error("it is not read back");
      return "a reference";
    }
    const again = parseEmbedded(formatEmbedded(parseEmbedded(value)));
    if (!Bun.deepEquals(again, parseEmbedded(value))) throw new Error("written anew it is something else");
    if (parts === undefined) return "text";
    return parts.some((part) => typeof part === "object") ? "with references" : "with the notation as text";
  },
});

const ENTRIES = [
  "//sm/",
  "//ssm/",
  "prod/db",
  "/",
  "?",
  "&",
  "#",
  "#/",
  "region=eu-west-1",
  "version=3",
  "stage=AWSPREVIOUS",
  "label=stable",
  "encoding=base64",
  "arn:aws:secretsmanager:eu-west-1:111122223333:secret:",
  "arn:aws:ssm:us-east-1:111122223333:parameter/",
  "/aws/reference/secretsmanager/",
  "%41",
  "%2F",
  "%",
  "~0",
  "~1",
  "~2",
  "=",
  "region=",
];

const text = fc.string({ unit: fc.constantFrom(...'aZ09/.-_+=@!%#?&} é😀~\\"'), minLength: 1, maxLength: 8 });
const region = fc.constantFrom("eu-west-1", "us-gov-east-1", "cn-north-1");
const setting = {
  region: fc.option(region, { nil: undefined }),
  version: fc.option(text, { nil: undefined }),
};
const entry: fc.Arbitrary<StoreEntry> = fc.oneof(
  fc
    .record({
      name: text,
      ...setting,
      stage: fc.option(text, { nil: undefined }),
      isBase64: fc.boolean(),
      pointer: fc.option(fc.array(fc.string({ maxLength: 4 })), { nil: undefined }),
    })
    .map(
      (fields) =>
        ({ kind: "secret", ...defined(fields), name: `s${fields.name}`, isBase64: fields.isBase64 }) as const,
    ),
  fc
    .record({ name: text, ...setting })
    .map((fields) => ({ kind: "parameter", ...defined(fields), name: `/p${fields.name}` }) as const),
);

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) Object.assign(kept, { [name]: value });
  return kept;
}

/** As somebody writes it who encodes all that could be encoded. */
function written(given: StoreEntry): string {
  const query = Object.entries(given).flatMap(([name, value]) => {
    if (["region", "version", "stage", "label"].includes(name))
      return [`${name}=${encodeURIComponent(String(value))}`];
    return name === "isBase64" && value === true ? ["encoding=base64"] : [];
  });
  const pointer = given.kind === "secret" ? given.pointer : undefined;
  const segments = pointer
    ?.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
  return (
    `//${given.kind === "secret" ? "sm" : "ssm"}/${encodeURIComponent(given.name)}` +
    (query.length > 0 ? `?${query.join("&")}` : "") +
    (segments === undefined ? "" : `#${encodeURIComponent(segments)}`)
  );
}

export const storeEntries = target({
  name: "store-entry",
  inputs: fc.oneof(words(ENTRIES), damaged(entry.map(written), ENTRIES)),
  check(key) {
    const reading = read(() => parseStoreEntry(key));
    const { fetches, failures } = planEntries([key, key], "eu-west-1");
    if (!reading.ok) {
      if (fetches.length > 0 || failures.size !== 1) throw new Error("what is none is read");
      return reasonOf(reading);
    }
    const { value } = reading;
    if (value.region !== undefined && !isRegion(value.region) && !failures.has(key))
      throw new Error("its region is none");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them is to be in a name
    if (/[\u0000-\u001f\u007f]/.test(value.name)) throw new Error("its name is not fit for a log");
    // Half a character cannot be percent-encoded.
    if (!JSON.stringify(value).isWellFormed() || /\\ud[89a-f]/.test(JSON.stringify(value)))
      return `a ${value.kind} in half`;
    const again = parseStoreEntry(written(value));
    if (!Bun.deepEquals(again, value)) throw new Error(`written anew it is ${JSON.stringify(again)}`);
    if (fetches.length + failures.size !== 1) throw new Error("it is read twice, or never");
    return `a ${value.kind}${failures.size > 0 ? " in no region" : ""}`;
  },
});

export const storeEntryFields = target({
  name: "store-entry-fields",
  inputs: entry,
  check(given) {
    const reading = read(() => parseStoreEntry(written(given)));
    if (!reading.ok) return reasonOf(reading);
    if (!Bun.deepEquals(reading.value, given))
      throw new Error(`${written(given)} is ${JSON.stringify(reading.value)}`);
    return given.kind;
  },
});
