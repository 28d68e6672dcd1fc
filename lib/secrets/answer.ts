/** POST /secret from request to values, with one audit line for each decision. */
import { asPiggyError, messageOf, PiggyError } from "../error.ts";
import { readSettings } from "../read-settings.ts";
import { isOwnVariable } from "../variables.ts";
import { authenticate, type Caller, type DefaultTokens } from "./authenticate.ts";
import { authorize, type Grant } from "./authorize.ts";
import { type CallersPod, readCallersPod } from "./callers-pod.ts";
import { Denial } from "./denial.ts";
import { missingKeys } from "./missing-keys.ts";
import { failuresWithoutDefault, noticesOf } from "./notice.ts";
import { createPodEvents } from "./pod-events.ts";
import { type EntriesAnswer, type EntryRead, readEntries } from "./read-entries.ts";
import { parseSecretRequest, type SecretRequest } from "./request.ts";
import { type Sources, withEntrySources, withSource } from "./said-by.ts";
import { type Policy, whyNotAllowed } from "./service-account-policy.ts";
import { unresolvedFields } from "./unresolved.ts";
import type { Entries, Location, SecretsWorld } from "./world.ts";

export interface Answer {
  /** Of the keys that were asked for and have one. */
  readonly values: Readonly<Record<string, string>>;
  /** Why one of them has none. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

export type SecretAnswer = (token: string | null, body: string, signal: AbortSignal) => Promise<Answer>;

/** What is known of a request by the time it is decided. */
interface Trail {
  caller?: Caller;
  pod?: CallersPod;
  grant?: Grant;
  readonly entries: EntryRead[];
}

/**
 * Answers with the values of the keys that were asked for and are there.
 * @throws PiggyError whose code says what HTTP status it is; the decision is in the log by then.
 */
export function createSecretAnswer(world: SecretsWorld): SecretAnswer {
  const { settings } = readSettings({ annotations: {}, environment: world.environment });
  const isEnforced = settings["piggy-enforce-service-account"];
  const defaultTokens = acceptance(settings["piggy-accept-default-tokens"]);
  const { createEvent, log } = world;
  const tellPod = createEvent && createPodEvents({ createEvent, log, now: () => performance.now() });
  return async (token, body, signal) => {
    const trail: Trail = { entries: [] };
    try {
      const request = parseSecretRequest(token, body);
      const { version, values, failures } = await decide(request, trail, signal);
      audit(trail, { decision: "allowed", version, keys: [...values.keys()], ...unresolvedFields(failures) });
      if (trail.grant !== undefined) tell(trail, failuresWithoutDefault(failures, trail.grant.container));
      return { values: Object.fromEntries(values), failures };
    } catch (error) {
      const known = asPiggyError(error, "request_invalid");
      const reason = known instanceof Denial ? known.reason : messageOf(error);
      audit(trail, { decision: "denied", code: known.code, reason });
      // Only our own errors are written to be read by whoever asked.
      const answered =
        error instanceof PiggyError
          ? error
          : new PiggyError("request_invalid", "internal error", { cause: error });
      tell(trail, [answered]);
      throw answered;
    }
  };

  async function decide(request: SecretRequest, trail: Trail, signal: AbortSignal) {
    const caller = await authenticate(request.token, defaultTokens, world, signal);
    trail.caller = caller;
    const pod = await readCallersPod(caller, request, defaultTokens, world, signal);
    trail.pod = pod;
    const grant = authorize(caller, pod, request, world.environment);
    trail.grant = grant;
    const sources = { pod: pod.stored, environment: world.environment, namespace: caller.namespace };
    const policy = { serviceAccount: `${caller.namespace}:${caller.serviceAccount}`, isEnforced };
    const [stored, entries] = await Promise.all([
      readStored(grant, policy, sources, signal),
      readEntries(grant.entries, policy, world.readEntry, (read) => trail.entries.push(read), signal),
    ]);
    return {
      version: stored.version,
      values: new Map([...stored.values, ...entries.values]),
      failures: new Map([...withEntrySources(entries.failures, grant.entries, sources), ...stored.failures]),
    };
  }

  /** What is asked of the Pod's secret. Beside store entries its failure is that of its own keys alone. */
  async function readStored(
    grant: Grant,
    policy: Policy,
    sources: Sources,
    signal: AbortSignal,
  ): Promise<Stored> {
    const { location, keys = [], entries } = grant;
    if (location === undefined) return NOTHING;
    const explained = (error: PiggyError) => withSource(error, location, sources);
    try {
      const stored = await readAllowed(location, policy, signal);
      const values = select(stored, grant);
      const missing = missingKeys(keys, values, location, stored, grant.container);
      const failures = new Map([...missing].map(([key, failure]) => [key, explained(failure)]));
      return { values, failures, version: stored.version };
    } catch (error) {
      if (!(error instanceof PiggyError) || error instanceof Denial) throw error;
      const failure = explained(error);
      const hasOthers = entries.fetches.length + entries.failures.size > 0;
      if (!hasOthers) throw failure;
      return { ...NOTHING, failures: new Map(keys.map((key) => [key, failure])) };
    }
  }

  async function readAllowed(location: Location, policy: Policy, signal: AbortSignal): Promise<Entries> {
    const stored = await world.readStore(location, signal);
    const reason = whyNotAllowed(stored, policy);
    if (reason !== undefined) throw new Denial(reason);
    return stored;
  }

  /** Only of what the token is bound to: nobody is to write on the Pod of somebody else. */
  function tell({ caller, pod, grant }: Trail, failures: readonly PiggyError[]): void {
    if (caller?.pod === undefined || pod === undefined || failures.length === 0) return;
    const { namespace, pod: told } = caller;
    tellPod?.({ namespace, ...told }, noticesOf(failures, grant?.container.name));
  }

  function audit({ caller, pod, grant, entries }: Trail, decision: Readonly<Record<string, unknown>>): void {
    world.log(decision["decision"] === "allowed" ? "info" : "warn", "secret decision", {
      ...decision,
      namespace: caller?.namespace,
      serviceAccount: caller?.serviceAccount,
      pod: pod?.name ?? caller?.pod?.name,
      container: grant?.container.name,
      ...(grant?.location === undefined ? {} : nameOf(grant.location)),
      ...(entries.length === 0 ? {} : { entries: entries.map(nameOfEntry) }),
    });
  }
}

interface Stored extends EntriesAnswer {
  readonly version: string | undefined;
}

const NOTHING: Stored = { values: new Map(), failures: new Map(), version: undefined };

function acceptance(value: string): DefaultTokens {
  return value === "true" || value === "false" ? value : "auto";
}

function nameOf(location: Location): Readonly<Record<string, string>> {
  return location.kind === "secret"
    ? { secret: location.name, region: location.region }
    : { path: location.path, region: location.region };
}

function nameOfEntry({ location, version }: EntryRead): Readonly<Record<string, string | undefined>> {
  return { [location.kind]: location.name, region: location.region, version };
}

/** The policy and the settings that may stand in a secret are not the application's. */
function select({ values }: Entries, { keys = [...values.keys()] }: Grant): ReadonlyMap<string, string> {
  const selected = new Map<string, string>();
  for (const key of keys) {
    const value = isOwnVariable(key) ? undefined : values.get(key);
    if (value !== undefined) selected.set(key, value);
  }
  return selected;
}
