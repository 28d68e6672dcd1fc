/** Patterns of PIGGY_ALLOWED_SECRETS, held against what is asked for and against what AWS says that it gave. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AllowedSecrets, parseAllowedSecrets } from "../../lib/secrets/allowed-secrets.ts";
import type { Location } from "../../lib/secrets/world.ts";
import vectors from "../vectors/secret-patterns.json";

const ASKER = { namespace: "shop", serviceAccount: "cart" };

type Ask = Parameters<AllowedSecrets["whyNotAsked"]>[0];

function policyOf(patterns: string): AllowedSecrets {
  const policy = parseAllowedSecrets(patterns);
  if (policy === undefined) throw new Error("no policy");
  return policy;
}

function askOf({ kind, name = "", path = "", region }: (typeof vectors.given)[number]["ask"]): Ask {
  if (kind === "path") return { kind, path, region };
  return kind === "secret" ? { kind, name, region } : { kind: "parameter", name, region };
}

describe("what may be asked for", () => {
  test.each(vectors.asked.map((vector) => [vector.why, vector] as const))("%s", (_why, vector) => {
    const { patterns, allowed, denied, asker = ASKER } = vector;
    const policy = policyOf(patterns);
    for (const ask of allowed) {
      expect([ask, policy.whyNotAsked(askOf(ask), asker)]).toEqual([ask, undefined]);
    }
    for (const ask of denied) {
      expect([ask, policy.whyNotAsked(askOf(ask), asker)]).toEqual([
        ask,
        expect.stringContaining("PIGGY_ALLOWED_SECRETS"),
      ]);
    }
  });

  test("nothing that is longer than AWS takes", () => {
    const ask = (length: number): Ask => ({ kind: "secret", name: "x".repeat(length), region: "eu-west-1" });
    const policy = policyOf("**");
    expect(policy.whyNotAsked(ask(2048), ASKER)).toBeUndefined();
    const reason = policy.whyNotAsked(ask(900_000), ASKER);
    expect(reason).toContain("does not name secret xxx");
    expect(reason?.length).toBeLessThan(400);
  });
});

describe("what AWS gave may be given on", () => {
  test.each(vectors.given.map((vector) => [vector.why, vector] as const))("%s", (_why, vector) => {
    const policy = policyOf(vector.patterns);
    const ask = askOf(vector.ask);
    for (const arn of vector.allowed) {
      expect([arn, policy.whyNotGiven(ask, [arn], ASKER)]).toEqual([arn, undefined]);
    }
    for (const arn of vector.denied) {
      expect([arn, policy.whyNotGiven(ask, [...vector.allowed, arn], ASKER)]).toEqual([
        arn,
        expect.stringContaining("PIGGY_ALLOWED_SECRETS"),
      ]);
    }
  });
});

test.each(vectors.bad)("a pattern is refused: $patterns", ({ patterns, says }) => {
  expect(() => parseAllowedSecrets(patterns || " ")).toThrow(
    expect.objectContaining({ code: "setting_invalid", message: expect.stringContaining(says) }),
  );
});

test("a service account without its namespace is warned of", () => {
  expect(policyOf("{serviceAccount}/*").warnings).toEqual([expect.stringContaining('"{serviceAccount}/*"')]);
  expect(policyOf("{namespace}/*,{namespace}/{serviceAccount}/*").warnings).toEqual([]);
});

describe("for any pattern and any name", () => {
  const secret = (name: string): Location & { kind: "secret" } => ({
    kind: "secret",
    name,
    version: "AWSCURRENT",
    region: "eu-west-1",
  });
  const arnOf = (name: string) => `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${name}-AbCdEf`;
  const isAllowed = (patterns: string, name: string, asker = ASKER) => {
    const policy = policyOf(patterns);
    const asked = policy.whyNotAsked(secret(name), asker) === undefined;
    // What is allowed to be asked for by its name alone is allowed to be given, and nothing else is.
    const given = policy.whyNotGiven(secret(name), [arnOf(name)], asker) === undefined;
    expect(given).toBe(asked);
    return asked;
  };
  /** Few letters, so that names meet. */
  const letters = (alphabet: string, minLength = 1) =>
    fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength: 8 });
  const name = fc.oneof(
    letters("ab/.-"),
    letters("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+=.@!-"),
  );

  test("a literal pattern is its own name, and no other", () => {
    fc.assert(
      fc.property(name, name, (pattern, other) => {
        expect(isAllowed(pattern, pattern)).toBe(true);
        expect(isAllowed(pattern, other)).toBe(pattern === other);
      }),
      { numRuns: 2_000 },
    );
  });

  test("stars take what a regular expression would", () => {
    fc.assert(
      fc.property(letters("ab/*", 1), letters("ab/", 1), (pattern, other) => {
        fc.pre(!pattern.includes("***"));
        const expression = pattern.replace(/\*+/g, (stars) => (stars.length === 2 ? ".*" : "[^/]*"));
        expect(isAllowed(pattern, other)).toBe(new RegExp(`^${expression}$`).test(other));
      }),
      { numRuns: 5_000 },
    );
  });

  test("two namespaces, or two service accounts, never have a secret in common", () => {
    const part = fc.constantFrom("{namespace}", "{serviceAccount}", "*", "**", "/", "a", "-", "_");
    const pattern = fc.array(part, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(""));
    const account = letters("ab-", 1);
    let compared = 0;
    fc.assert(
      fc.property(pattern, account, account, letters("ab-_/", 1), (text, one, another, asked) => {
        fc.pre(one !== another);
        const names = ["namespace", "serviceAccount"] as const;
        for (const varied of names) {
          if (!text.includes(`{${varied}}`)) continue;
          const of = (value: string) => ({ ...ASKER, [varied]: value });
          try {
            parseAllowedSecrets(text);
          } catch {
            continue;
          }
          // Names that the first may have, so that there is something to compare.
          const own = text
            .replaceAll(`{${varied}}`, one)
            .replaceAll(/\{\w+\}/g, "shop")
            .replaceAll(/\*+/g, asked);
          if (isAllowed(text, own, of(one))) compared += 1;
          for (const each of [own, asked]) {
            expect(isAllowed(text, each, of(one)) && isAllowed(text, each, of(another))).toBe(false);
          }
        }
      }),
      { numRuns: 5_000 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test("a path is allowed only where all that can be below it is", () => {
    const path = letters("ab/", 0).map((text) => `/${text.replaceAll("//", "")}`);
    const pattern = fc
      .tuple(letters("ab/*", 0), fc.constantFrom("", "**", "/**"))
      .map((parts) => parts.join(""));
    let allowed = 0;
    fc.assert(
      fc.property(pattern, path, fc.array(letters("ab/"), { maxLength: 20 }), (text, of, below) => {
        fc.pre(!text.includes("***"));
        const policy = policyOf(`/${text}`);
        const location = { kind: "path", path: of, region: "eu-west-1" } as const;
        if (policy.whyNotAsked(location, ASKER) !== undefined) return;
        allowed += 1;
        const beginning = of.endsWith("/") ? of : `${of}/`;
        const arns = below.map((each) => `arn:aws:ssm:eu-west-1:111122223333:parameter${beginning}${each}`);
        expect(policy.whyNotGiven(location, arns, ASKER)).toBeUndefined();
      }),
      { numRuns: 5_000 },
    );
    expect(allowed).toBeGreaterThan(100);
  });

  test("many stars cost no more than their number times the name's length", () => {
    const pattern = `${"a*".repeat(200)}b`;
    expect(isAllowed(pattern, "a".repeat(2000))).toBe(false);
  });
});
