/** Why AWS has no value for a key, in words for a person; loaded when that is so. */
import type { EntryLocation } from "../aws/entry.ts";
import type { StoreEntries, StoreLocation } from "../aws/store.ts";
import { PiggyError } from "../error.ts";
import { missingKey } from "../reference/missing-key.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What says where is looked: Piggy's own variables, and the application's environment. */
export interface Sources {
  readonly own: ReadonlyMap<string, string>;
  readonly environment: Environment;
}

/** For each key that is not there, or is not the application's. Whoever is told could read the whole of it anyway. */
export function missingKeys(
  missing: readonly string[],
  location: StoreLocation,
  read: StoreEntries,
  sources: Sources,
): ReadonlyMap<string, PiggyError> {
  return new Map(
    missing.map((key) => [key, withSource(missingKey(key, location, read, true), location, sources)]),
  );
}

/** A failure with the settings that name the place, where that is not there; any other as it is. */
export function withSource<E>(
  failure: E,
  location: StoreLocation | EntryLocation,
  sources: Sources,
  isOfReference = false,
) {
  if (!(failure instanceof PiggyError) || failure.code !== "secret_not_found") return failure;
  const region = `its region by ${isOfReference ? "the reference" : regionSource(location, sources)}`;
  const named = nameSource(location, sources);
  const words = named === undefined ? region : `it is named by ${named}, ${region}`;
  return new PiggyError(failure.code, `${failure.message.replace(/\.$/, "")}: ${words}`, { cause: failure });
}

function nameSource(
  location: StoreLocation | EntryLocation,
  { own }: Pick<Sources, "own">,
): string | undefined {
  if (location.kind === "path") return "piggysec.com/aws-ssm-parameter-path";
  const isThePods = location.kind === "secret" && location.name === own.get("PIGGY_AWS_SECRET_NAME");
  return isThePods ? "piggysec.com/aws-secret-name or --secret" : undefined;
}

function regionSource({ region }: StoreLocation | EntryLocation, { own, environment }: Sources): string {
  if (own.get("PIGGY_AWS_REGION") === region) return "piggysec.com/aws-region or --region";
  const variable = ["AWS_REGION", "AWS_DEFAULT_REGION"].find((name) => environment[name] === region);
  return variable ?? "the AWS profile";
}
