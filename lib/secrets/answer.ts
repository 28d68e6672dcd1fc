/** POST /secret from request to values, with one audit line for each decision. */
import { asPiggyError, messageOf, PiggyError } from "../error.ts";
import { readSettings } from "../read-settings.ts";
import { isOwnVariable } from "../variables.ts";
import { parseAllowedSecrets } from "./allowed-secrets.ts";
import { parseAssumeRoles } from "./assume-roles.ts";
import { authenticate, type Caller, type DefaultTokens } from "./authenticate.ts";
import { authorize, type Grant, type Rules } from "./authorize.ts";
import { Denial } from "./denial.ts";
import { type EntriesAnswer, type EntryRead, type Judgement, readEntries } from "./read-entries.ts";
import { parseSecretRequest, type SecretRequest } from "./request.ts";
import { whyNotAllowed } from "./service-account-policy.ts";
import type { Entries, Location, SecretsWorld } from "./world.ts";

export interface Answer {
  /** Of the keys that were asked for and have one. */
  readonly values: Readonly<Record<string, string>>;
  /** Why a store entry has none. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

/** `request` is what the request is called in the log. */
export type SecretAnswer = (
  token: string | null,
  body: string,
  signal: AbortSignal,
  request: string,
) => Promise<Answer>;

/** What is known of a request by the time it is decided. */
interface Trail {
  readonly request: string;
  caller?: Caller;
  grant?: Grant;
  readonly entries: EntryRead[];
}

/**
 * Answers with the values of the keys that were asked for and are there.
 * @throws PiggyError `setting_invalid` for a policy that cannot be read. What it gives throws PiggyError whose code says
 * what HTTP status it is; the decision is in the log by then.
 */
export function createSecretAnswer(world: SecretsWorld): SecretAnswer {
  const { settings } = readSettings({ annotations: {}, environment: world.environment });
  const isEnforced = settings["piggy-enforce-service-account"];
  const rules: Rules = {
    defaultTokens: acceptance(settings["piggy-accept-default-tokens"]),
    allowed: parseAllowedSecrets(settings["piggy-allowed-secrets"]),
    roleFor: parseAssumeRoles(settings["piggy-assume-roles"]),
  };
  for (const warning of rules.allowed?.warnings ?? [EVERYTHING]) world.log("warn", warning);
  return async (token, body, signal, id) => {
    const trail: Trail = { request: id, entries: [] };
    try {
      const request = parseSecretRequest(token, body);
      const { values, failures, ...read } = await decide(request, trail, signal);
      audit(trail, { decision: "allowed", ...read, keys: [...values.keys()], ...unresolved(failures) });
      return { values: Object.fromEntries(values), failures };
    } catch (error) {
      const known = asPiggyError(error, "request_invalid");
      const reason = known instanceof Denial ? known.reason : messageOf(error);
      audit(trail, { decision: "denied", code: known.code, reason });
      // Only our own errors are written to be read by whoever asked.
      throw error instanceof PiggyError
        ? error
        : new PiggyError("request_invalid", "internal error", { cause: error });
    }
  };

  async function decide(request: SecretRequest, trail: Trail, signal: AbortSignal) {
    const caller = await authenticate(request.token, rules.defaultTokens, world, signal);
    trail.caller = caller;
    const grant = await authorize(caller, request, rules, world, signal);
    trail.grant = grant;
    const policy: Judgement = {
      serviceAccount: `${caller.namespace}:${caller.serviceAccount}`,
      isEnforced,
      whyNotGiven: (location, arns) => rules.allowed?.whyNotGiven(location, arns, caller),
    };
    const [stored, entries] = await Promise.all([
      readStored(grant, policy, signal),
      readEntries(grant.entries, policy, world.readEntry, (read) => trail.entries.push(read), signal),
    ]);
    return {
      version: stored.version,
      arn: stored.arn,
      awsRequestId: stored.awsRequestId,
      values: new Map([...stored.values, ...entries.values]),
      failures: new Map([...stored.failures, ...entries.failures]),
    };
  }

  /** What is asked of the Pod's secret. Beside store entries its failure is that of its own keys alone. */
  async function readStored(grant: Grant, policy: Judgement, signal: AbortSignal): Promise<Stored> {
    const { location, keys = [], entries } = grant;
    if (location === undefined) return NOTHING;
    try {
      const stored = await readAllowed(location, policy, signal);
      const { version, arns, requestId: awsRequestId } = stored;
      // A path has many, each of which its name says.
      const arn = location.kind === "secret" ? arns[0] : undefined;
      return { version, arn, awsRequestId, values: select(stored, grant), failures: NOTHING.failures };
    } catch (error) {
      const hasOthers = entries.fetches.length + entries.failures.size > 0;
      if (!hasOthers || !(error instanceof PiggyError) || error instanceof Denial) throw error;
      return { ...NOTHING, failures: new Map(keys.map((key) => [key, error])) };
    }
  }

  async function readAllowed(location: Location, policy: Judgement, signal: AbortSignal): Promise<Entries> {
    const stored = await world.readStore(location, signal);
    const reason = policy.whyNotGiven(location, stored.arns) ?? whyNotAllowed(stored, policy);
    if (reason !== undefined) throw new Denial(reason);
    return stored;
  }

  function audit(
    { request, caller, grant, entries }: Trail,
    decision: Readonly<Record<string, unknown>>,
  ): void {
    world.log(decision["decision"] === "allowed" ? "info" : "warn", "secret decision", {
      ...decision,
      request,
      namespace: caller?.namespace,
      serviceAccount: caller?.serviceAccount,
      pod: grant?.pod ?? caller?.pod?.name,
      container: grant?.container,
      ...(grant?.location === undefined ? {} : nameOf(grant.location)),
      ...(entries.length === 0 ? {} : { entries: entries.map(nameOfEntry) }),
    });
  }
}

const EVERYTHING =
  "PIGGY_ALLOWED_SECRETS is not set: a Pod may ask for every secret and parameter that the AWS identity of " +
  "piggy-webhooks may read";

interface Stored extends EntriesAnswer {
  readonly version: string | undefined;
  readonly arn: string | undefined;
  readonly awsRequestId: string | undefined;
}

const NOTHING: Stored = {
  values: new Map(),
  failures: new Map(),
  version: undefined,
  arn: undefined,
  awsRequestId: undefined,
};

function acceptance(value: string): DefaultTokens {
  return value === "true" || value === "false" ? value : "auto";
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

function unresolved(failures: ReadonlyMap<string, PiggyError>): {
  readonly unresolved?: Readonly<Record<string, string>>;
} {
  if (failures.size === 0) return {};
  return { unresolved: Object.fromEntries([...failures].map(([key, { code }]) => [key, code])) };
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
