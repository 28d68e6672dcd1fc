/** Pull secrets, and whose credentials an image is asked for with. */
import fc from "fast-check";
import { credentialsFor, parseDockerConfig } from "../../../lib/registry/credentials.ts";
import { matchesGlob } from "../../../lib/registry/glob.ts";
import { damaged, words } from "../near.ts";
import { target } from "../target.ts";

const HOSTS = [
  "registry.example.com",
  "docker.io",
  "index.docker.io",
  "10.0.0.1",
  "localhost",
  "*.example.com",
  "*.*.com",
  "reg?stry.example.com",
  "[a-z]*.example.com",
  "[::1]",
];
const PATHS = ["", "/", "/team", "/team/app", "/v1/", "/v2/", "/v2/team", "/te"];
const entry = fc.record({
  scheme: fc.constantFrom("", "https://", "http://"),
  host: fc.constantFrom(...HOSTS),
  port: fc.constantFrom("", ":5000", ":443"),
  path: fc.constantFrom(...PATHS),
  password: fc.constantFrom("p", "p:q", "é", ""),
  isAuth: fc.boolean(),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

const registryOf = ({ scheme, host, port, path }: Entry) => scheme + host + port + path;

function configOf(entries: readonly Entry[]): string {
  const auths = entries.map((each, index) => {
    const username = `u${index}`;
    const value = each.isAuth
      ? { auth: Buffer.from(`${username}:${each.password}`).toString("base64"), username: "other" }
      : { username, password: each.password };
    return [registryOf(each), value];
  });
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

/** A pattern of a host's label as an expression. */
const expressionOf = (label: string) =>
  new RegExp(
    `^${label
      .replace(/[.+^$()|{}\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  );

function isMeant(each: Entry, domain: string, repository: string): boolean {
  const [, name = "", port = ""] = /^(.*?)(:\d+)?$/.exec(domain) ?? [];
  const labels = each.host.split(".");
  const parts = name.split(".");
  const isHost =
    each.port === port &&
    labels.length === parts.length &&
    labels.every((label, index) => label === parts[index] || expressionOf(label).test(parts[index] ?? ""));
  const path = each.path.replace(/^\/v[12](?=\/|$)/, "").replace(/^\//, "");
  return isHost && repository.startsWith(path);
}

const domain = fc
  .tuple(
    fc.constantFrom("registry.example.com", "docker.io", "a.example.com", "10.0.0.1", "localhost", "[::1]"),
    fc.constantFrom("", ":5000"),
  )
  .map((parts) => parts.join(""));

export const pullSecrets = target({
  name: "pull-secret",
  inputs: fc.record({
    entries: fc.uniqueArray(entry, { maxLength: 5, selector: registryOf }),
    domain,
    repository: fc.constantFrom("team/app", "team", "library/app", "v2/app"),
  }),
  check({ entries, domain: asked, repository }) {
    const parsed = parseDockerConfig(new Map([[".dockerconfigjson", configOf(entries)]]));
    if (parsed.length !== entries.length)
      throw new Error(`${parsed.length} of ${entries.length} entries are read`);
    const given = credentialsFor({ domain: asked, repository }, parsed).map(({ username }) => username);
    const meant = entries.flatMap((each, index) => (isMeant(each, asked, repository) ? [`u${index}`] : []));
    const isOlder = asked === "docker.io" && meant.length === 0;
    if (!isOlder && given.toSorted().join() !== meant.toSorted().join()) {
      throw new Error(`${asked}/${repository} is asked for as ${given}, and not as ${meant}`);
    }
    const passwords = credentialsFor({ domain: asked, repository }, parsed).map(({ password }) => password);
    if (!passwords.every((password) => entries.some((each) => each.password === password)))
      throw new Error("a password is another");
    return `${Math.min(given.length, 2)} of ${Math.min(entries.length, 2)}`;
  },
});

const GRAMMAR = [
  '{"auths":',
  '{"',
  '"',
  "}",
  ":",
  ",",
  '"auth":',
  '"username":"u"',
  '"password":"p"',
  "null",
  "[]",
  "https://",
  "dTpw",
  '"__proto__":{}',
];

export const dockerConfigs = target({
  name: "docker-config",
  inputs: fc.oneof(words(GRAMMAR), damaged(fc.array(entry, { maxLength: 3 }).map(configOf), GRAMMAR)),
  check(text) {
    const entries = [".dockerconfigjson", ".dockercfg"].map((key) =>
      parseDockerConfig(new Map([[key, text]])),
    );
    for (const { registry, credentials } of entries.flat()) {
      if (
        typeof registry !== "string" ||
        credentials.username === "" ||
        typeof credentials.password !== "string"
      ) {
        throw new Error("an entry is none");
      }
      credentialsFor({ domain: registry.split("/")[0] ?? "", repository: "a" }, entries.flat());
    }
    return entries.map((each) => (each.length > 0 ? "entries" : "none")).join(", ");
  },
});

const PATTERN = [
  "*",
  "?",
  "[a-c]",
  "[^a]",
  "[",
  "]",
  "\\",
  "\\*",
  "-",
  "^",
  "a",
  "b",
  "c",
  "[a-]",
  "[\\]]",
  "[]a]",
];

/** By trying each way in which a star can end. Undefined for a pattern that is none. */
function matchesSlowly(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  const [, first = "", negated, inner] =
    /^(\*|\?|\[(\^|(?!\^))((?:\\.|[^\]\\-])(?:-(?:\\.|[^\]\\-]))?(?:(?:\\.|[^\]\\-])(?:-(?:\\.|[^\]\\-]))?)*)\]|\\.|[^*?[\\])/su.exec(
      pattern,
    ) ?? [];
  const rest = pattern.slice(first.length);
  if (first === "") return false;
  if (first === "*")
    return [...Array(text.length + 1).keys()].some((length) => matchesSlowly(rest, text.slice(length)));
  if (text === "") return false;
  const character = text.charAt(0);
  const ranges = [...(inner ?? "").matchAll(/(\\?)(.)(?:-(\\?)(.))?/gsu)].map(
    ([, , from = "", , to]) => [from, to ?? from] as const,
  );
  const isOne =
    first === "?" ||
    (inner === undefined
      ? character === first.slice(-1)
      : ranges.some(([from, to]) => from <= character && character <= to) !== (negated === "^"));
  return isOne && matchesSlowly(rest, text.slice(1));
}

/** One that is malformed behind what the text reaches is malformed all the same. */
const isGood = (pattern: string) =>
  /^(?:\*|\?|\[(?:\^|(?!\^))(?:(?:\\.|[^\]\\-])(?:-(?:\\.|[^\]\\-]))?)+\]|\\.|[^*?[\\])*$/su.test(pattern);

export const registryGlobs = target({
  name: "registry-glob",
  inputs: fc.record({
    pattern: words(PATTERN, 8).map((text) => text.replace(/[^ -~]/g, "é")),
    text: fc.string({ unit: fc.constantFrom(..."abc-^]*\\[é"), maxLength: 8 }),
  }),
  check({ pattern, text }) {
    const isMatch = matchesGlob(pattern, text);
    const expected = isGood(pattern) && matchesSlowly(pattern, text);
    if (isMatch !== expected) throw new Error(`${isMatch}, and not ${expected}`);
    return isMatch ? "matches" : isGood(pattern) ? "does not match" : "malformed";
  },
});
