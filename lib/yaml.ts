/**
 * YAML as kubectl reads it, which is what the API server is sent: YAML 1.1's words for booleans and its octal numbers
 * beside YAML 1.2. Source: go.yaml.in/yaml/v2 resolve.go, by way of sigs.k8s.io/yaml. Bun's own parser keeps to 1.2,
 * takes the last of two keys in silence and says no line, so a package reads it.
 */
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, stringify, visit } from "yaml";
import { messageOf, PiggyError } from "./error.ts";
import type { JsonValue } from "./json.ts";

export interface YamlDocument {
  readonly value: JsonValue;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/** In characters: the manifests of a large installation; parsing takes about a second a megabyte. */
const LONGEST = 4 * 1024 * 1024;
const DEEPEST = 100;
const MOST_ALIASES = 100;

const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF)$/;
/** In numbers an underscore may stand anywhere but in front, and where a dot stands there, only between digits. */
const INTEGER =
  /^(?:[-+]_*)?(?:0_*[bB]_*[01][01_]*|0_*[oO]_*[0-7][0-7_]*|0_*[xX]_*[\dA-Fa-f][\dA-Fa-f_]*|\d[\d_]*)$/;
const FLOAT =
  /^(?:\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?|(?:[-+]_*\._*\d[\d_]*|(?:[-+]_*)?\d[\d_]*(?:\.[\d_]*)?)(?:[eE]_*[-+]?_*\d[\d_]*)?)$/;

const KUBECTLS_SCALARS = [
  { tag: "tag:yaml.org,2002:bool", default: true, test: TRUE, resolve: () => true },
  { tag: "tag:yaml.org,2002:bool", default: true, test: FALSE, resolve: () => false },
  { tag: "tag:yaml.org,2002:int", default: true, test: INTEGER, resolve: integer },
  { tag: "tag:yaml.org,2002:float", default: true, test: FLOAT, resolve: float },
] as const;

function integer(text: string): number {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return text.startsWith("-") ? -value : value;
}

/** One that is too large is text. */
function float(text: string): number | string {
  const value = Number(text.replaceAll("_", ""));
  return Number.isFinite(value) ? value : text;
}

/**
 * The documents of a text; JSON is YAML too. Empty ones are left out.
 * @param from what an error calls the text
 * @throws PiggyError with the given code, naming the line
 */
export function parseYaml(
  text: string,
  from: string,
  code: "manifest_invalid" | "kubeconfig_invalid",
): readonly YamlDocument[] {
  const invalid = (line: number, what: string) => new PiggyError(code, `${from}, line ${line}: ${what}`);
  if (text.length > LONGEST) throw new PiggyError(code, `${from}: longer than ${LONGEST} characters`);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    schema: "core",
    merge: true,
    customTags: (tags) => [...KUBECTLS_SCALARS, ...tags],
    // Of the package's own making it compares every key with every other.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  return [...documents].flatMap((document) => {
    const line = lineAt(document.contents?.range?.[0] ?? 0);
    const [error] = document.errors;
    if (error !== undefined) throw invalid(lineAt(error.pos[0]), `no YAML: ${faultIn(error.message)}`);
    refuseKeys(document, (offset, what) => invalid(lineAt(offset), what));
    try {
      const value = jsonOf(document.toJS({ maxAliasCount: MOST_ALIASES }), 0);
      return value === null ? [] : [{ value, line }];
    } catch (cause) {
      throw invalid(line, faultIn(messageOf(cause)));
    }
  });
}

/** Behind a colon stands what was read, which may be a Secret's. */
function faultIn(message: string): string {
  return message.replace(/(?<=[\w)]): .*/s, "");
}

/** A key that is there twice, of which the API server would take one, or that is no text. */
function refuseKeys(document: Document.Parsed, invalid: (offset: number, what: string) => PiggyError): void {
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const offset = (isScalar(key) || isMap(key) ? key.range?.[0] : map.range?.[0]) ?? 0;
        if (!isScalar(key) || key.value === null) {
          throw invalid(offset, "a key that is no text: a template has to be rendered first (helm template)");
        }
        const name = String(key.value);
        if (seen.has(name) && name !== "<<")
          throw invalid(offset, `the key ${JSON.stringify(name)} is there twice`);
        seen.add(name);
      }
    },
  });
}

/** Without what two places share, or what holds itself. @throws Error */
function jsonOf(value: unknown, depth: number): JsonValue {
  if (depth > DEEPEST) throw new Error(`it nests deeper than ${DEEPEST}`);
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "string") {
    return value ?? null;
  }
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((entry: unknown) => jsonOf(entry, depth + 1));
  if (typeof value !== "object") throw new Error(`${String(value)} is nothing that JSON can say`);
  const entries = Object.entries(value).map(([key, entry]) => [key, jsonOf(entry, depth + 1)] as const);
  return Object.fromEntries(entries);
}

/** As YAML that 1.1, 1.2 and kubectl read alike, one line for each line of a text's. */
export function formatYaml(value: JsonValue): string {
  return stringify(value, {
    version: "1.1",
    // What would be another value to either is put in quotation marks.
    customTags: (tags) => [...KUBECTLS_SCALARS, ...tags],
    compat: "core",
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
