/**
 * One pattern for secrets and parameters. Either a name, as `{namespace}/**`, which is held against what is asked for by
 * name, in the account of who reads, whatever its region; or an ARN, as
 * `arn:*:secretsmanager:eu-*:111122223333:secret:shop/**` and `arn:*:ssm:*:*:parameter/shop/**`, which is held against
 * what is asked for by name and by ARN. A secret's name is meant without the six random characters of its ARN.
 */
import { parseArn } from "../arn.ts";
import { messageOf, PiggyError } from "../error.ts";
import { type Asker, coversAllFrom, type Glob, literalOf, matchesGlob, parseGlob } from "./glob.ts";
import { type PathTarget, type Target, withoutRandomEnd } from "./target.ts";

export interface SecretPattern {
  readonly text: string;
  readonly name: Glob;
  /** Of a pattern that is an ARN. */
  readonly arn?: {
    readonly kind: "secret" | "parameter";
    readonly partition: Glob;
    readonly region: Glob;
    /** Undefined for every account. */
    readonly account: string | undefined;
  };
}

/** Source: Secrets Manager API Reference, CreateSecret; Systems Manager API Reference, PutParameter. */
const NAME = /^[\w/+=.@!-]+$/;
const FIELD = /^[a-z0-9-]+$/;

/**
 * Patterns with commas between them, and spaces around them.
 * @throws PiggyError `setting_invalid` that names the setting and the pattern
 */
export function parseSecretPatterns(text: string, setting: string): readonly SecretPattern[] {
  return text.split(",").map((pattern) => parsePattern(pattern.trim(), setting));
}

function parsePattern(text: string, setting: string): SecretPattern {
  try {
    return text.startsWith("arn:") ? arnPattern(text) : { text, name: namePattern(text) };
  } catch (error) {
    const shown = JSON.stringify(text);
    throw new PiggyError("setting_invalid", `${setting}: the pattern ${shown}: ${messageOf(error)}`);
  }
}

function namePattern(text: string): Glob {
  if (text === "") throw new Error("is empty");
  if (text.includes(":")) throw new Error("a name has no colon, and an ARN begins with arn:");
  return parseGlob(text, NAME);
}

function arnPattern(text: string): SecretPattern {
  const arn = parseArn(text);
  const [, secret] = /^secretsmanager:secret:(.*)$/s.exec(`${arn?.service}:${arn?.resource}`) ?? [];
  const [, parameter] = /^ssm:parameter(\/.*)$/s.exec(`${arn?.service}:${arn?.resource}`) ?? [];
  // In an ARN a parameter's name has its slash, whether or not it has one by itself.
  const name = secret ?? parameter;
  if (arn === undefined || name === undefined) {
    throw new Error(
      "an ARN is arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME or arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME",
    );
  }
  if (arn.account !== "*" && !/^\d{12}$/.test(arn.account)) {
    throw new Error("the account is neither * nor twelve digits");
  }
  return {
    text,
    name: namePattern(name),
    arn: {
      kind: secret === undefined ? "parameter" : "secret",
      partition: fieldPattern(arn.partition),
      region: fieldPattern(arn.region),
      account: arn.account === "*" ? undefined : arn.account,
    },
  };
}

function fieldPattern(text: string): Glob {
  const glob = parseGlob(text, FIELD);
  if (glob.length === 0) throw new Error("the region is missing: say * for every region");
  if (glob.some(({ kind }) => kind === "placeholder"))
    throw new Error("a placeholder stands in the name alone");
  return glob;
}

/** Whether an account that is not known yet is let pass, to be held against the pattern when AWS has named it. */
export type UnknownAccount = "passes" | "is any account's";

/** Whether a pattern names what is asked for or was given. */
export function namesTarget(
  pattern: SecretPattern,
  target: Target | PathTarget,
  asker: Asker,
  unknownAccount: UnknownAccount = "passes",
): boolean {
  if (!isOfPlace(pattern, target, asker, unknownAccount)) return false;
  if (target.kind === "path") return coversAllFrom(pattern.name, target.beginning, asker);
  const isParameterOfArn = pattern.arn?.kind === "parameter";
  const isNamed = target.names.some((name) => {
    const inArn = isParameterOfArn && !name.startsWith("/") ? `/${name}` : name;
    return matchesGlob(pattern.name, inArn, asker);
  });
  return isNamed || isPinned(pattern, target);
}

function isOfPlace(
  { arn }: SecretPattern,
  target: Target | PathTarget,
  asker: Asker,
  unknownAccount: UnknownAccount,
): boolean {
  if (arn === undefined) return target.kind === "path" || !target.isByArn;
  const { partition, region } = target;
  const kind = target.kind === "path" ? "parameter" : target.kind;
  const account = target.kind === "path" ? undefined : target.account;
  const isOfAccount =
    arn.account === undefined ||
    (account === undefined ? unknownAccount === "passes" : arn.account === account);
  return (
    arn.kind === kind &&
    isOfAccount &&
    matchesGlob(arn.partition, partition, asker) &&
    matchesGlob(arn.region, region, asker)
  );
}

/** A whole ARN, random characters and all, means this one secret, and not the next of its name. */
function isPinned({ arn, name }: SecretPattern, target: Target): boolean {
  const literal = arn?.kind === "secret" ? literalOf(name) : undefined;
  const named = literal === undefined ? undefined : withoutRandomEnd(literal);
  if (named === undefined) return false;
  return target.whole === undefined ? target.names.includes(named) : target.whole === literal;
}
