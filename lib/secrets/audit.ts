/** One line of the log for each decision of POST /secret: who, which Pod, what of AWS, which keys, or why not. */
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
