/** One line of the log for each decision of POST /secret: who, which Pod, what of AWS, which keys, or why not. */
import type { PiggyError } from "../error.ts";
import { MissingKey } from "../reference/missing-key.ts";
import type { Caller } from "./authenticate.ts";
import type { Grant } from "./authorize.ts";
import type { CallersPod } from "./callers-pod.ts";
import type { EntryRead } from "./read-entries.ts";
import type { Location, SecretsWorld } from "./world.ts";

/** What is known of a request by the time it is decided. */
export interface Trail {
  /** What the request is called in the log. */
  readonly request: string;
  caller?: Caller;
  pod?: CallersPod;
  grant?: Grant;
  readonly entries: EntryRead[];
}

/** `decision` is `allowed` or `denied`, and what there is to say of it: names, codes and reasons, never a value. */
export function audit(
  log: SecretsWorld["log"],
  { request, caller, pod, grant, entries }: Trail,
  decision: Readonly<Record<string, unknown>>,
): void {
  log(decision["decision"] === "allowed" ? "info" : "warn", "secret decision", {
    ...decision,
    request,
    namespace: caller?.namespace,
    serviceAccount: caller?.serviceAccount,
    pod: pod?.name ?? caller?.pod?.name,
    container: grant?.container.name,
    ...(grant?.location === undefined ? {} : nameOf(grant.location)),
    ...(entries.length === 0 ? {} : { entries: entries.map(nameOfEntry) }),
  });
}

function nameOf(location: Location): Readonly<Record<string, string>> {
  const role = location.role === undefined ? {} : { role: location.role.arn };
  return location.kind === "secret"
    ? { secret: location.name, region: location.region, ...role }
    : { path: location.path, region: location.region, ...role };
}

function nameOfEntry({ location, version, arn, requestId }: EntryRead) {
  const { kind, name, region, role } = location;
  return { [kind]: name, region, version, arn, awsRequestId: requestId, role: role?.arn };
}

/** Of the keys in a line of the log, which whoever asks makes up: so many, each of so many characters. */
const MOST_LOGGED = 100;
const LONGEST_LOGGED = 200;

interface UnresolvedFields {
  /** Code by key. */
  readonly unresolved?: Readonly<Record<string, string>>;
  /** How many keys there was no room for. */
  readonly unresolvedMore?: number;
  /** What a key that is not there may have been meant to be. */
  readonly nearest?: Readonly<Record<string, readonly string[]>>;
}

/** Why keys that were asked for have no value. */
export function unresolvedFields(failures: ReadonlyMap<string, PiggyError>): UnresolvedFields {
  if (failures.size === 0) return {};
  const logged = [...failures]
    .slice(0, MOST_LOGGED)
    .map(([key, failure]) => [key.slice(0, LONGEST_LOGGED), failure] as const);
  const nearest = logged.flatMap(([key, failure]) =>
    failure instanceof MissingKey && failure.nearest.length > 0 ? [[key, failure.nearest] as const] : [],
  );
  return {
    unresolved: Object.fromEntries(logged.map(([key, { code }]) => [key, code])),
    ...(failures.size > MOST_LOGGED ? { unresolvedMore: failures.size - MOST_LOGGED } : {}),
    ...(nearest.length === 0 ? {} : { nearest: Object.fromEntries(nearest) }),
  };
}
