/** YAML: values as they are written, and manifests. */
import fc from "fast-check";
import { readManifests } from "../../../lib/explain/manifests.ts";
import type { JsonValue } from "../../../lib/json.ts";
import { formatYaml, parseYaml } from "../../../lib/yaml.ts";
import { damaged, words } from "../near.ts";
import { HUSH, read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const WORDS = [
  "yes",
  "No",
  "on",
  "~",
  "null",
  "0o17",
  "017",
  "0x1F",
  "1_000",
  "1e3",
  ".inf",
  "-.inf",
  ".nan",
  "1:30",
  "2026-11-28",
  "=",
  "<<",
  "!!str 1",
  "'a'",
  "# b",
  "- c",
  "a: b",
  "| x",
  "> y",
  "&a",
  "*a",
  "@",
  "`",
  "%",
  "",
  " ",
  " a ",
  "a\nb\n",
  "\ta",
  "é",
  "\u2028",
  "\u0085",
  "😀",
  "---",
  "...",
  "?",
  ": ",
  "a:",
  "0",
  "-0",
  "+1",
  "1.",
  ".5",
  "true",
  "0b1",
  "y",
  "n",
];
const text = fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: "grapheme", maxLength: 8 }));
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      text,
    ),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(
      text.filter((name) => name !== "<<"),
      tie("json"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

const isNothing = (value: JsonValue) => value === null;

export const yamlValues = target({
  name: "yaml-value",
  inputs: json,
  check(value) {
    // A number that is nothing has no sign in JSON.
    const meant: JsonValue = JSON.parse(JSON.stringify(value));
    for (const written of [JSON.stringify(value), formatYaml(value)]) {
      const documents = parseYaml(written, "text", "manifest_invalid");
      if (isNothing(value) && documents.length === 0) continue;
      if (!Bun.deepEquals(documents[0]?.value, meant) || documents.length !== 1) {
        throw new Error(`${written} is read as ${JSON.stringify(documents)}`);
      }
    }
    return isNothing(value) ? "nothing" : Array.isArray(value) ? "a list" : typeof value;
  },
});

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: api
  annotations: {piggysec.com/aws-secret-name: shop/api}
spec:
  containers:
    - name: main
      image: app:1
      env:
        - {name: PASSWORD, value: piggy:PASSWORD}
---
apiVersion: v1
kind: Secret
metadata: {name: coins}
stringData:
  coin: ${HUSH}
  more: |
    ${HUSH}
`;
export const YAML_GRAMMAR = [
  "\n",
  "  ",
  "- ",
  ": ",
  "a",
  "'",
  '"',
  "|\n",
  ">\n",
  "&a ",
  "*a",
  "!!str ",
  "!!binary ",
  "!!int ",
  "!!float ",
  "!x ",
  "<<: ",
  "? ",
  "{",
  "}",
  "[",
  "]",
  ",",
  "#",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "\t",
  "\\",
  HUSH,
  "null",
  "yes",
  "0o7",
  "0b",
  "0x_",
  ".inf",
  "kind: List",
  "items:",
  "{".repeat(20),
  "[".repeat(20),
  "- ".repeat(20),
];
const deep = fc
  .tuple(fc.constantFrom("[", "{a: ", "- ", "? ", "!!seq [", "&a ["), fc.nat({ max: 300 }))
  .map(([part, times]) => part.repeat(times));

export const manifests = target({
  name: "yaml",
  inputs: fc.oneof(
    { weight: 4, arbitrary: words(YAML_GRAMMAR, 20) },
    { weight: 8, arbitrary: damaged(fc.constant(POD), YAML_GRAMMAR) },
    { weight: 1, arbitrary: damaged(deep, YAML_GRAMMAR) },
  ),
  check(given) {
    const documents = read(() => parseYaml(given, "pod.yaml", "manifest_invalid"));
    const reading = read(() => readManifests(given, "pod.yaml", "default"));
    if (!reading.ok)
      return reasonOf({ ...reading, message: reading.message.replace(/no YAML: .*/s, "no YAML") });
    if (!documents.ok) throw new Error("what is no YAML has manifests");
    const lines = given.split(/\r\n|[\n\r]/).length;
    for (const { value, line } of documents.value) {
      if (line < 1 || line > lines) throw new Error(`a document begins in line ${line} of ${lines}`);
      if (!Bun.deepEquals(JSON.parse(JSON.stringify(value)), value))
        throw new Error("a value is none that JSON can say");
    }
    const { pods, objects, aside } = reading.value;
    return `${Math.min(pods.length, 2)} Pods, ${Math.min(objects.length, 2)} objects, ${Math.min(aside.length, 2)} aside`;
  },
});
