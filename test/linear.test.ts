/** What anybody may send is read in time that grows with its length, and not with its square: the server has one thread. */
import { describe, expect, test } from "bun:test";
import { allowanceOfPod, inline, type Values } from "../lib/admission/environment/inline.ts";
import { createMentions } from "../lib/admission/environment/mentions.ts";
import { environmentOf } from "../lib/admission/environment.ts";
import { execWarnings } from "../lib/admission/warnings/exec-commands.ts";
import { subPathWarnings } from "../lib/admission/warnings/sub-paths.ts";
import { parseDuration } from "../lib/duration.ts";
import { escapeForKubelet, expand, mentionedNames, unescapeForKubelet } from "../lib/expansion.ts";
import type { JsonObject } from "../lib/json.ts";
import { parseContainers } from "../lib/pod.ts";
import { isResourceQuantity } from "../lib/quantity.ts";
import { readSettings } from "../lib/read-settings.ts";
import { planEntries } from "../lib/reference/entry-plan.ts";
import { parseReference } from "../lib/reference/reference.ts";
import { formatEmbedded, holdsReference, parseValue } from "../lib/reference/value.ts";
import { isRegion } from "../lib/region.ts";
import { credentialsFor } from "../lib/registry/credentials.ts";
import { parseImageName } from "../lib/registry/image-name.ts";
import { argvSignature } from "../lib/signature.ts";
import { growthOf, STEEPEST_LINE } from "./support/growth.ts";

const MEGABYTE = 1_000_000;

/** The part again and again, as long as is asked for, and the end. */
type Long = (part: string, end?: string) => string;

const annotation = (name: string, value: string) =>
  readSettings({ annotations: { [`piggysec.com/${name}`]: value }, environment: {} });

const image = { domain: `${"a".repeat(63)}.io`, repository: "app", reference: "1" };
const stars = (count: number) => ({
  registry: `${"*a".repeat(count)}b.io`,
  credentials: { username: "u", password: "p" },
});

/** Variables that mention what an object may set under as many prefixes. */
function markAll(count: number): void {
  const mentions = createMentions({ isKnown: () => false, mayJoinDollars: () => true });
  for (let at = 0; at < count; at += 1) {
    mentions.settle(`P${at}`);
    mentions.addPrefix(`P${at}`);
    mentions.mark(`V${at}`, `$(Q${at})$(V${at - 1})`, "");
  }
}

/** Mentions of a name as long as a thousandth, beside prefixes of as many lengths. */
function markBesidePrefixes(length: number): void {
  const mentions = createMentions({ isKnown: () => false, mayJoinDollars: () => true });
  for (let at = 1; at <= length / 1000; at += 1) mentions.addPrefix("B".repeat(at));
  mentions.mark("V", `$(${"A".repeat(length / 1000)})`.repeat(length / 100), "");
}

/** A container's environment, read as admission does. */
const environment = (env: readonly JsonObject[], annotations = {}) =>
  parseContainers({ containers: [{ env }] }, "containers").map((container) =>
    environmentOf(container, annotations, undefined, allowanceOfPod()),
  );

/** Variables that each are the same annotation. */
const annotated = (value: string) => {
  const valueFrom = { fieldRef: { fieldPath: "metadata.annotations['a']" } };
  const env = Array.from({ length: value.length / 1000 }, (_, at) => ({ name: `V${at}`, valueFrom }));
  return environment(env, { a: value });
};

/** Variables that each are a copy of a long one. */
const copied = (value: string) =>
  environment([
    { name: "A", value },
    ...Array.from({ length: value.length / 20 }, (_, at) => ({ name: `V${at}`, value: "$(A)" })),
  ]);

/** A variable that mentions a long one again and again, each time in front of a reference. */
const joined = (value: string) =>
  environment([
    { name: "A", value },
    { name: "V", value: `$(A)\${piggy:a}`.repeat(value.length / 100) },
  ]);

const valuesOf = (values: ReadonlyMap<string, string>): Values => ({
  get: (name) => values.get(name),
  isHolder: (name) => holdsReference(values.get(name)),
});

const REFERENCE = valuesOf(new Map([["A", "piggy:A"]]));

/** Mentions of a long variable: together they would be as long as a thousandth of the square. */
const inlineLong = (before: string, length: number) => {
  const values = valuesOf(
    new Map([
      ["R", "piggy:R"],
      ["A", "a".repeat(length / 2)],
    ]),
  );
  return inline(before + "$(A)".repeat(length / 500), values, length);
};

/** A container with a reference in A, whose probe executes that. */
const probed = (word: string) =>
  parseContainers({ containers: [{ livenessProbe: { exec: { command: [word] } } }] }, "containers").map(
    (container) => execWarnings(container, new Set(["A"])),
  );

/** A container with a reference in A, a path of which is that. */
const subPaths = (subPathExpr: string) =>
  parseContainers({ containers: [{ volumeMounts: [{ subPathExpr }] }] }, "containers").map((container) =>
    subPathWarnings(container, new Set(["A"])),
  );

const cases: readonly (readonly [string, (long: Long, length: number) => unknown])[] = [
  ["a duration", (long) => parseDuration(long("1", "x"))],
  ["a quantity", (long) => isResourceQuantity(long("1", "x"))],
  ["a store entry", (long) => planEntries([long("//sm/a"), long("//sm/a#/")], "eu-west-1")],
  ["a store entry's settings", (long) => planEntries([`//sm/a?${long("stage=x&")}`], "eu-west-1")],
  ["a region", (long) => isRegion(long("a-", "x"))],
  ["brackets that are never closed", (long) => expand(long("$("), () => undefined)],
  ["dollars", (long) => unescapeForKubelet(escapeForKubelet(long("$")))],
  ["names that are mentioned", (long) => mentionedNames(long("$(", ")"))],
  ["a signature's spaces", (long) => argvSignature([`x${long(" ", "x")}`])],
  ["a reference's line breaks", (long) => parseReference(`piggy:${long("\n", "x")}`)],
  ["references that are never closed", (long) => parseValue(long("${piggy:"))],
  ["references in one another", (long) => parseValue(long("${piggy:", "}"))],
  ["references without a default", (long) => parseValue(long(`\${piggy:a}`))],
  ["dollars before a reference", (long) => parseValue(long("$", "{piggy:a}"))],
  ["references that are text", (long) => formatEmbedded([long("${piggy:"), { key: "a" }])],
  ["mentions of a long value", (_, length) => inlineLong("", length)],
  ["mentions of a long value beside a reference", (_, length) => inlineLong("$(R)", length)],
  ["mentions of a reference", (long) => inline(long("$(A)"), REFERENCE, MEGABYTE)],
  ["names under prefixes", (_, length) => markAll(length / 20)],
  ["mentions beside prefixes of many lengths", (_, length) => markBesidePrefixes(length)],
  ["copies of references", (long) => copied(long(`\${piggy:a}`))],
  ["references in an annotation", (long) => annotated(long(`\${piggy:a}`))],
  ["copies of text", (long) => copied(long("a"))],
  ["mentions of dollars in front of references", (long) => joined(long("$a"))],
  ["mentions between which references begin", (long) => inline(long("${piggy:$(A)"), REFERENCE, MEGABYTE)],
  ["an address's slashes", (long) => annotation("piggy-address", `https://a${long("/", "x")}`)],
  ["a delay", (long) => annotation("piggy-initial-delay", long("1", "x"))],
  ["a pull secret's globs", (_, length) => credentialsFor(image, [stars((30 * length) / MEGABYTE)])],
  ["a mount's mentions", (long) => subPaths(long("$(A"))],
  ["a probe's braces", (long) => probed(long("${"))],
  ["a probe's brackets", (long) => probed(long("$(a"))],
  ["a probe's name", (long) => probed(`\${${long("a")}`)],
  ["an image's name", (long) => parseImageName(long("a-"))],
];

describe("a million characters of", () => {
  test.each(cases)("%s", (_what, read) => {
    const growth = growthOf((length) => {
      read((part, end = "") => part.repeat(length / part.length) + end, length);
    }, MEGABYTE);
    expect(growth).toBeLessThan(STEEPEST_LINE);
  });
});
