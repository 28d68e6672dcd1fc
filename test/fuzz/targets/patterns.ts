/** What an operator writes about secrets: PIGGY_ALLOWED_SECRETS and PIGGY_ASSUME_ROLES. */
import fc from "fast-check";
import { parseAllowedSecrets } from "../../../lib/secrets/allowed-secrets.ts";
import { parseAssumeRoles } from "../../../lib/secrets/assume-roles.ts";
import { damaged, words } from "../near.ts";
import { read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const NAME = ["{namespace}", "{serviceAccount}", "*", "**", "/", "shop", "api", "-", "_", "a"];
const ARN = [
  "arn:*:secretsmanager:*:111122223333:secret:",
  "arn:aws:ssm:eu-*:*:parameter/",
  "arn:aws:secretsmanager:eu-west-1:*:secret:",
  ",",
  ":",
  "{",
  "}",
  "***",
];
const pattern = fc.oneof(
  words(NAME, 5),
  fc.tuple(fc.constantFrom(...ARN), words(NAME, 4)).map((parts) => parts.join("")),
);

const ASKER = { namespace: "shop", serviceAccount: "api" };
const location = fc.record({
  kind: fc.constant("secret"),
  name: fc
    .array(fc.constantFrom("shop", "api", "/", "a", "-"), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("")),
  region: fc.constant("eu-west-1"),
} as const);

/** One pattern of a name as an expression, for who asks. */
const expressionOf = (text: string) =>
  new RegExp(
    `^${text
      .replaceAll("{namespace}", ASKER.namespace)
      .replaceAll("{serviceAccount}", ASKER.serviceAccount)
      .replace(/[.+]/g, "\\$&")
      .replace(/\*+/g, (stars) => (stars.length === 2 ? ".*" : "[^/]*"))}$`,
  );

export const secretPatterns = target({
  name: "secret-pattern",
  inputs: fc.record({
    text: fc.oneof(
      damaged(pattern, [...NAME, ...ARN]),
      fc.array(pattern, { maxLength: 3 }).map((all) => all.join(", ")),
    ),
    asked: location,
  }),
  check({ text, asked }) {
    const reading = read(() => parseAllowedSecrets(text));
    if (!reading.ok) return reasonOf(reading);
    const policy = reading.value;
    if (policy === undefined) return text === "" ? "no policy" : "nothing";
    const isAllowed = policy.whyNotAsked(asked, ASKER) === undefined;
    const patterns = text
      .split(",")
      .map((each) => each.trim())
      .filter((each) => !each.startsWith("arn:"));
    const byName = patterns.some((each) => expressionOf(each).test(asked.name));
    if (byName && !isAllowed) throw new Error("a pattern names it, and it is refused");
    if (isAllowed && !byName && !text.includes("arn:"))
      throw new Error("no pattern names it, and it may be asked for");
    const foreign = `arn:aws:secretsmanager:eu-west-1:999999999999:secret:${asked.name}x/y-abcdef`;
    const isGiven = policy.whyNotGiven(asked, [foreign], ASKER) === undefined;
    const isNamed = patterns.some(
      (each) =>
        expressionOf(each).test(`${asked.name}x/y`) || expressionOf(each).test(`${asked.name}x/y-abcdef`),
    );
    if (isGiven && !isNamed && !text.includes("arn:")) throw new Error("another secret is given than may be");
    return isAllowed ? "allowed" : "not allowed";
  },
});

const rule = fc.record({
  secrets: pattern,
  role: fc.constantFrom(
    "arn:aws:iam::222222222222:role/piggy",
    "arn:aws:iam::222222222222:role/{namespace}/{serviceAccount}",
    "arn:aws-cn:iam::222222222222:role/p/*",
  ),
  externalId: fc.option(fc.constantFrom("abc", "a", "x:y"), { nil: undefined }),
});
const GRAMMAR = [
  '[{"',
  '"secrets":',
  '"role":',
  '"externalId":"abc"',
  ":",
  ",",
  "{",
  "}",
  "[",
  "]",
  '"',
  "**",
  "null",
  "arn:aws:iam::",
  "222222222222",
  ":role/",
  "{namespace}",
  "\\u0000",
];

export const assumeRoles = target({
  name: "assume-roles",
  inputs: fc.record({
    text: damaged(
      fc.array(rule, { maxLength: 3 }).map((rules) => JSON.stringify(rules)),
      GRAMMAR,
    ),
    asked: location,
  }),
  check({ text, asked }) {
    const reading = read(() => parseAssumeRoles(text));
    if (!reading.ok) return reasonOf(reading);
    const role = reading.value(asked, ASKER);
    if (role === undefined) return "no role";
    if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(role.arn))
      throw new Error(`${role.arn} is no role`);
    if (role.externalId !== undefined && !/^[\w+=,.@:/-]{2,1224}$/.test(role.externalId))
      throw new Error("its external id is none");
    if (role.namespace !== "shop" || role.serviceAccount !== "api")
      throw new Error("it is for somebody else");
    return role.arn.includes("/shop/api") ? "a role of one's own" : "a role";
  },
});
