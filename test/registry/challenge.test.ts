import { describe, expect, test } from "bun:test";
import { parseChallenge } from "../../lib/registry/challenge.ts";

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

  test("is read in no time, however it is made", () => {
    const started = Date.now();
    parseChallenge(`Bearer realm="${'\\"'.repeat(200_000)}`);
    parseChallenge(`Bearer ${"a=b, ".repeat(100_000)}`);
    parseChallenge(`Bearer ${" ".repeat(400_000)}x`);
    expect(Date.now() - started).toBeLessThan(2_000);
  });
});
