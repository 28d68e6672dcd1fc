/**
 * PIGGY_ASSUME_ROLES: which secrets are read as which role, a JSON list. Each member has patterns as in
 * PIGGY_ALLOWED_SECRETS and a role's ARN, in which `{namespace}` and `{serviceAccount}` are those of whoever asks:
 * `[{"secrets": "arn:aws:secretsmanager:*:222222222222:secret:**", "role": "arn:aws:iam::222222222222:role/piggy"}]`.
 */
import { parseArn } from "../arn.ts";
import { messageOf, PiggyError } from "../error.ts";
import { isJsonObject, type JsonValue, parseJson } from "../json.ts";
import type { EntryLocation } from "../reference/entry-plan.ts";
import type { Role } from "../role.ts";
import { type Asker, fillIn, type Glob, parseGlob } from "./glob.ts";
import { namesTarget, parseSecretPatterns, type SecretPattern } from "./secret-pattern.ts";
import { askedFor } from "./target.ts";
import type { Location } from "./world.ts";

/** The role that a location is read as for who asks; undefined for the webhook's own identity. */
export type RoleFor = (location: Location | EntryLocation, asker: Asker) => Role | undefined;

interface Rule {
  readonly patterns: readonly SecretPattern[];
  /** Before the role's name. */
  readonly prefix: string;
  readonly name: Glob;
  readonly externalId: string | undefined;
}

const VARIABLE = "PIGGY_ASSUME_ROLES";
const MEMBERS = ["secrets", "role", "externalId"];

/** Source: IAM User Guide, "IAM and AWS STS quotas"; STS API Reference, AssumeRole. */
const ROLE_NAME = /^[\w+=,.@/-]+$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

/**
 * The first rule that names a location decides.
 * @param text empty where no role is to be assumed
 * @throws PiggyError `setting_invalid` that says which member is wrong
 */
export function parseAssumeRoles(text: string): RoleFor {
  const list = text === "" ? [] : parseJson(text);
  if (!Array.isArray(list)) {
    throw new PiggyError(
      "setting_invalid",
      `${VARIABLE} is not a JSON list: expected [{"secrets": "PATTERN", "role": "ARN"}]`,
    );
  }
  const rules = list.map((member, index) => parseRule(member, `${VARIABLE}, member ${index + 1}`));
  return (location, asker) => {
    const target = rules.length === 0 ? undefined : askedFor(location);
    if (target === undefined) return undefined;
    // Who asks by a name means that account which it is asked of, so a rule for one account is for its ARNs alone.
    const rule = rules.find(({ patterns }) =>
      patterns.some((pattern) => namesTarget(pattern, target, asker, "is any account's")),
    );
    return rule && roleOf(rule, asker);
  };
}

/** The location as it is read for who asks. */
export function readAs<T extends Location | EntryLocation>(location: T, roleFor: RoleFor, asker: Asker): T {
  const role = roleFor(location, asker);
  return role === undefined ? location : { ...location, role };
}

/** The members are always in the same order: a location's text is what an answer is kept by. */
function roleOf({ prefix, name, externalId }: Rule, { namespace, serviceAccount }: Asker): Role {
  const arn = prefix + fillIn(name, { namespace, serviceAccount });
  return { arn, ...(externalId === undefined ? {} : { externalId }), namespace, serviceAccount };
}

function parseRule(member: JsonValue, where: string): Rule {
  const invalid = (what: string) => new PiggyError("setting_invalid", `${where}: ${what}`);
  if (!isJsonObject(member)) throw invalid('expected {"secrets": "PATTERN", "role": "ARN"}');
  const unknown = Object.keys(member).find((key) => !MEMBERS.includes(key));
  if (unknown !== undefined) throw invalid(`${JSON.stringify(unknown)} is none of ${MEMBERS.join(", ")}`);
  const { secrets, role, externalId } = member;
  if (typeof secrets !== "string") throw invalid("secrets is not a string of patterns");
  if (typeof role !== "string") throw invalid("role is not the ARN of a role");
  if (externalId !== undefined && !(typeof externalId === "string" && EXTERNAL_ID.test(externalId))) {
    throw invalid("externalId is not 2 to 1224 letters, digits and _+=,.@:/-");
  }
  return { patterns: parseSecretPatterns(secrets, where), ...parseRole(role, invalid), externalId };
}

function parseRole(role: string, invalid: (what: string) => PiggyError): Pick<Rule, "prefix" | "name"> {
  const arn = parseArn(role);
  const prefix = `arn:${arn?.partition}:iam::${arn?.account}:role/`;
  const shown = JSON.stringify(role);
  if (!role.startsWith(prefix) || !/^arn:aws[a-z-]*:iam::\d{12}:role\/./.test(role)) {
    throw invalid(`role: ${shown} is not arn:aws:iam::ACCOUNT:role/NAME`);
  }
  try {
    const name = parseGlob(role.slice(prefix.length), ROLE_NAME);
    if (name.some(({ kind }) => kind === "wildcard")) throw new Error("a role has no star");
    return { prefix, name };
  } catch (error) {
    throw invalid(`role: ${shown}: ${messageOf(error)}`);
  }
}
