/** What is asked for, and what AWS says that it gave, as a pattern is held against it. */
import { parseArn, partitionOf } from "../arn.ts";
import type { EntryLocation } from "../reference/entry-plan.ts";
import type { Location } from "./world.ts";

export interface Target {
  readonly kind: "secret" | "parameter";
  /** Whether an ARN was asked for, which can be of any account. */
  readonly isByArn: boolean;
  readonly partition: string;
  readonly region: string;
  /** Undefined until AWS has answered, where a name was asked for: the account is that of who reads. */
  readonly account: string | undefined;
  /** The names that it can have. An ARN does not say whether the end of it is random or of the name. */
  readonly names: readonly string[];
  /** A secret's name with the six random characters behind it, once AWS has said them. */
  readonly whole: string | undefined;
}

/** All that is below a path, however deep. It is asked for by name, in the account of who reads. */
export interface PathTarget {
  readonly kind: "path";
  readonly partition: string;
  readonly region: string;
  /** With its last slash. */
  readonly beginning: string;
}

/** Longer than AWS takes. Source: API References, SecretId of GetSecretValue, Name of GetParameter. */
const LONGEST_NAME = 2048;

/** Undefined for what cannot be the name or the ARN of anything. */
export function askedFor(location: Location | EntryLocation): Target | PathTarget | undefined {
  const { kind, region } = location;
  if (kind === "path") {
    const beginning = location.path.endsWith("/") ? location.path : `${location.path}/`;
    const isPath = beginning.startsWith("/") && beginning.length <= LONGEST_NAME;
    return isPath ? { kind, partition: partitionOf(region), region, beginning } : undefined;
  }
  const { name } = location;
  if (name.length > LONGEST_NAME) return undefined;
  if (name.startsWith("arn:")) {
    const target = targetOf(name, kind, true);
    // It may be a whole ARN, or one without its random end whose name has an end of the same look.
    return target && { ...target, whole: undefined };
  }
  // Neither a name nor an ARN, but perhaps a name with a version: what that is, is AWS's to say.
  if (name.includes(":")) return undefined;
  const partition = partitionOf(region);
  return { kind, isByArn: false, partition, region, account: undefined, names: [name], whole: undefined };
}

/** Undefined for what is not the ARN of a secret or a parameter, as was asked for. */
export function givenFor(location: Location | EntryLocation, arn: string): Target | undefined {
  const isByArn = location.kind !== "path" && location.name.startsWith("arn:");
  const target = targetOf(arn, location.kind === "secret" ? "secret" : "parameter", isByArn);
  return target?.kind === "secret" ? { ...target, names: target.names.slice(-1) } : target;
}

const RANDOM_END = /-[A-Za-z0-9]{6}$/;

/** A secret's name without what looks like the random end of an ARN, undefined where nothing does. */
export function withoutRandomEnd(name: string): string | undefined {
  return RANDOM_END.test(name) ? name.slice(0, -"-abcdef".length) : undefined;
}

/** Of a secret's names the first is as it stands in the ARN, the last without its random end. */
function targetOf(text: string, kind: "secret" | "parameter", isByArn: boolean): Target | undefined {
  const arn = parseArn(text);
  if (arn === undefined) return undefined;
  const { partition, region, account, service, resource } = arn;
  const shared = { kind, isByArn, partition, region, account };
  if (kind === "secret") {
    if (service !== "secretsmanager" || !resource.startsWith("secret:")) return undefined;
    const whole = resource.slice("secret:".length);
    const name = withoutRandomEnd(whole);
    return { ...shared, names: name === undefined ? [whole] : [whole, name], whole };
  }
  if (service !== "ssm" || !resource.startsWith("parameter/")) return undefined;
  const path = resource.slice("parameter".length);
  // One that is in no path is named without a slash, which its ARN does not show.
  const names = path.includes("/", 1) ? [path] : [path, path.slice(1)];
  return { ...shared, names, whole: undefined };
}
