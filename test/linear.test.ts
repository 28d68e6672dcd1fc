/** What anybody may send is read in time that grows with its length, and not with its square: the server has one thread. */
import { describe, expect, test } from "bun:test";
import { execWarnings } from "../lib/admission/exec-commands.ts";
import { inline } from "../lib/admission/inline.ts";
import { createMentions } from "../lib/admission/mentions.ts";
import { subPathWarnings } from "../lib/admission/sub-paths.ts";
import { parseDuration } from "../lib/duration.ts";
import { escapeForKubelet, expand, mentionedNames, unescapeForKubelet } from "../lib/expansion.ts";
import { parseContainers } from "../lib/pod.ts";
import { isResourceQuantity } from "../lib/quantity.ts";
import { readSettings } from "../lib/read-settings.ts";
import { planEntries } from "../lib/reference/entry-plan.ts";
import { parseReference } from "../lib/reference/reference.ts";
import { formatEmbedded, parseValue } from "../lib/reference/value.ts";
import { isRegion } from "../lib/region.ts";
import { credentialsFor } from "../lib/registry/credentials.ts";
import { parseImageName } from "../lib/registry/image-name.ts";
import { argvSignature } from "../lib/signature.ts";

const MEGABYTE = 1_000_000;
const long = (part: string, end = "") => part.repeat(MEGABYTE / part.length) + end;

const annotation = (name: string, value: string) =>
  readSettings({ annotations: { [`piggysec.com/${name}`]: value }, environment: {} });

const image = { domain: `${"a".repeat(63)}.io`, repository: "app", reference: "1" };
const stars = { registry: `${"*a".repeat(30)}b.io`, credentials: { username: "u", password: "p" } };

/** Variables that mention what an object may set under as many prefixes. */
function markAll(count: number): void {
  const mentions = createMentions({ isKnown: () => false, mayEndInDollar: () => true });
  for (let at = 0; at < count; at += 1) {
    mentions.settle(`P${at}`);
    mentions.addPrefix(`P${at}`);
    mentions.mark(`V${at}`, `$(Q${at})$(V${at - 1})`, "");
  }
}

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

const cases: readonly (readonly [string, () => unknown])[] = [
  ["a duration", () => parseDuration(long("1", "x"))],
  ["a quantity", () => isResourceQuantity(long("1", "x"))],
  ["a store entry", () => planEntries([long("//sm/a"), long("//sm/a#/")], "eu-west-1")],
  ["a store entry's settings", () => planEntries([`//sm/a?${long("stage=x&")}`], "eu-west-1")],
  ["a region", () => isRegion(long("a-", "x"))],
  ["brackets that are never closed", () => expand(long("$("), () => undefined)],
  ["dollars", () => unescapeForKubelet(escapeForKubelet(long("$")))],
  ["names that are mentioned", () => mentionedNames(long("$(", ")"))],
  ["a signature's spaces", () => argvSignature([`x${long(" ", "x")}`])],
  ["a reference's line breaks", () => parseReference(`piggy:${long("\n", "x")}`)],
  ["references that are never closed", () => parseValue(long("${piggy:"))],
  ["references in one another", () => parseValue(long("${piggy:", "}"))],
  ["references without a default", () => parseValue(long(`\${piggy:a}`))],
  ["dollars before a reference", () => parseValue(long("$", "{piggy:a}"))],
  ["references that are text", () => formatEmbedded([long("${piggy:"), { key: "a" }])],
  ["mentions of a long value", () => inline(long("$(A)"), new Map([["A", "a".repeat(200_000)]]), MEGABYTE)],
  [
    "mentions of a long value beside a reference",
    () =>
      inline(
        `$(R)${long("$(A)")}`,
        new Map([
          ["R", "piggy:R"],
          ["A", "a".repeat(20_000)],
        ]),
        MEGABYTE,
      ),
  ],
  ["mentions of a reference", () => inline(long("$(A)"), new Map([["A", "piggy:A"]]), MEGABYTE)],
  ["names under prefixes", () => markAll(MEGABYTE / 20)],
  [
    "mentions between which references begin",
    () => inline(long("${piggy:$(A)"), new Map([["A", "piggy:A"]]), MEGABYTE),
  ],
  ["an address's slashes", () => annotation("piggy-address", `https://a${long("/", "x")}`)],
  ["a delay", () => annotation("piggy-initial-delay", long("1", "x"))],
  ["a pull secret's globs", () => credentialsFor(image, [stars])],
  ["a mount's mentions", () => subPaths(long("$(A"))],
  ["a probe's braces", () => probed(long("${"))],
  ["a probe's brackets", () => probed(long("$(a"))],
  ["a probe's name", () => probed(`\${${long("a")}`)],
  ["an image's name", () => parseImageName(long("a-"))],
];

describe("a million characters of", () => {
  test.each(cases)("%s", (_what, read) => {
    const start = performance.now();
    try {
      read();
    } catch {
      // Refusing it is an answer too.
    }
    // A square would take minutes; a busy machine takes no seconds.
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
