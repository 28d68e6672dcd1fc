import { describe, expect, test } from "bun:test";
import { answerable, parseChallenges } from "../../lib/registry/challenge.ts";
import { growthOf, STEEPEST_LINE } from "../support/growth.ts";

const parseChallenge = (header: string | null) => parseChallenges(header)[0];
const REALM = "https://auth.example.com/token";

describe("a WWW-Authenticate header", () => {
  test.each<[header: string, scheme: string, parameters: Readonly<Record<string, string>>]>([
    [
      `Bearer realm="${REALM}",service="registry.example.com",scope="repository:a/b:pull,push"`,
      "bearer",
      { realm: REALM, service: "registry.example.com", scope: "repository:a/b:pull,push" },
    ],
    [
      `Bearer realm="${REALM}", service="x" , error="invalid_token"`,
      "bearer",
      { realm: REALM, service: "x", error: "invalid_token" },
    ],
    [`bearer Realm="${REALM}"`, "bearer", { realm: REALM }],
    ['BASIC realm="registry"', "basic", { realm: "registry" }],
    ["Basic realm=registry", "basic", { realm: "registry" }],
    ["Basic realm = registry , charset = UTF-8", "basic", { realm: "registry", charset: "UTF-8" }],
    ["Basic", "basic", {}],
    ['  Basic realm=""', "basic", { realm: "" }],
    ['Basic realm="a \\"quoted\\" \\\\ name"', "basic", { realm: 'a "quoted" \\ name' }],
    [`Basic realm="one", Bearer realm="${REALM}"`, "basic", { realm: "one" }],
    ["Negotiate abc==", "negotiate", {}],
  ])("is read: %s", (header, scheme, parameters) => {
    const challenge = parseChallenge(header);
    expect(challenge?.scheme).toBe(scheme);
    expect(Object.fromEntries(challenge?.parameters ?? [])).toMatchObject(parameters);
  });

  test("gives no parameter that it does not have", () => {
    expect([
      ...(parseChallenge('Basic realm="one", Bearer realm="two",scope="three"')?.parameters ?? []),
    ]).toEqual([["realm", "one"]]);
    expect(parseChallenge('Bearer realm="unclosed')?.parameters.get("service")).toBeUndefined();
  });

  test.each([null, "", "   ", '="x"', "?"])("is none: %p", (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  });

  test.each<[header: string, schemes: readonly string[]]>([
    [`Basic realm="one", Bearer realm="${REALM}"`, ["basic", "bearer"]],
    [
      'Negotiate, Basic realm="a, Bearer b", charset="UTF-8",Bearer realm=x',
      ["negotiate", "basic", "bearer"],
    ],
    ["Negotiate abc==, Basic realm=x", ["negotiate", "basic"]],
    [", ,Basic,,Bearer", ["basic", "bearer"]],
    ['Bearer realm="unclosed, Basic realm="x"', ["bearer"]],
  ])("may hold several challenges: %s", (header, schemes) => {
    expect(parseChallenges(header).map(({ scheme }) => scheme)).toEqual([...schemes]);
  });

  test("keeps each challenge's parameters apart", () => {
    const [basic, bearer] = parseChallenges(`Basic realm="one", Bearer realm="${REALM}",service="s"`);
    expect(Object.fromEntries(basic?.parameters ?? [])).toEqual({ realm: "one" });
    expect(Object.fromEntries(bearer?.parameters ?? [])).toEqual({ realm: REALM, service: "s" });
  });

  test("is answered by a token first, by a password next, by nothing else", () => {
    const challenges = parseChallenges("Negotiate, Basic realm=a, Bearer realm=b, Bearer realm=c");
    expect(answerable(challenges).map(({ parameters }) => parameters.get("realm"))).toEqual(["b", "c", "a"]);
  });

  test.each<[string, (count: number) => string]>([
    ["quotes", (count) => `Bearer realm="${'\\"'.repeat(count)}`],
    ["parameters", (count) => `Bearer ${"a=b, ".repeat(count / 2)}`],
    ["spaces", (count) => `Bearer ${" ".repeat(count * 2)}x`],
    ["schemes", (count) => "a ".repeat(count)],
    ["equals signs", (count) => `${"a".repeat(count)} ${"=".repeat(count)}`],
  ])("is read in time that grows with its length and not with its square: %s", (_, made) => {
    expect(growthOf((count) => parseChallenge(made(count)), 200_000)).toBeLessThan(STEEPEST_LINE);
  });
});
