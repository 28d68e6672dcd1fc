/** POST /secret from request to values, with one audit line for each decision. */
import { asPiggyError, isAbsence, messageOf, PiggyError } from "../error.ts";
import { readSettings } from "../read-settings.ts";
import { parseAllowedSecrets } from "./allowed-secrets.ts";
import { parseAssumeRoles } from "./assume-roles.ts";
import { audit, type Trail, unresolvedFields } from "./audit.ts";
import type { DefaultTokens } from "./authenticate.ts";
import { authorize, type Grant, type Rules } from "./authorize.ts";
import { readCallersPod } from "./callers-pod.ts";
import { Denial } from "./denial.ts";
import { createIdentify } from "./identify.ts";
import { failuresWithoutDefault, noticesOf } from "./notice.ts";
import { createPodEvents } from "./pod-events.ts";
import { type Judgement, readEntries } from "./read-entries.ts";
import { readStored } from "./read-stored.ts";
import { parseSecretRequest, type SecretRequest } from "./request.ts";
import { withEntrySources } from "./said-by.ts";
import type { SecretsWorld } from "./world.ts";

export interface Answer {
  /** Of the keys that were asked for and have one. */
  readonly values: Readonly<Record<string, string>>;
  /** Why a key that was asked for has none. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

/** `request` is what the request is called in the log. */
export type SecretAnswer = (
  token: string | null,
  body: string,
  signal: AbortSignal,
  request: string,
) => Promise<Answer>;

/**
 * Answers with the values of the keys that were asked for and are there.
 * @throws PiggyError `setting_invalid` for a policy that cannot be read. What it gives throws PiggyError whose code says
 * what HTTP status it is; the decision is in the log by then.
 */
export function createSecretAnswer(world: SecretsWorld): SecretAnswer {
  const { environment, createEvent, log } = world;
  const { settings } = readSettings({ annotations: {}, environment });
  const rules: Rules = {
    defaultTokens: acceptance(settings["piggy-accept-default-tokens"]),
    allowed: parseAllowedSecrets(settings["piggy-allowed-secrets"]),
    roleFor: parseAssumeRoles(settings["piggy-assume-roles"]),
  };
  const service: Service = {
    world,
    rules,
    isEnforced: settings["piggy-enforce-service-account"],
    identify: createIdentify(world, rules.defaultTokens),
  };
  for (const warning of rules.allowed?.warnings ?? [EVERYTHING]) log("warn", warning);
  const tellPod = createEvent && createPodEvents({ createEvent, log, now: () => performance.now() });

  return async (token, body, signal, id) => {
    const trail: Trail = { request: id, entries: [] };
    try {
      const request = parseSecretRequest(token, body);
      const { values, failures, ...read } = await decide(service, request, trail, signal);
      const keys = [...values.keys()];
      audit(log, trail, { decision: "allowed", ...read, keys, ...unresolvedFields(failures) });
      if (trail.grant !== undefined) tell(trail, failuresWithoutDefault(failures, trail.grant.container));
      return { values: Object.fromEntries(values), failures };
    } catch (error) {
      const known = asPiggyError(error, "request_invalid");
      const reason = known instanceof Denial ? known.reason : messageOf(error);
      audit(log, trail, { decision: "denied", code: known.code, reason });
      // Only our own errors are written to be read by whoever asked.
      const answered =
        error instanceof PiggyError
          ? error
          : new PiggyError("request_invalid", "internal error", { cause: error });
      tell(trail, toldOf(answered, trail.grant));
      throw answered;
    }
  };

  /** Only of what the token is bound to: nobody is to write on the Pod of somebody else. */
  function tell({ caller, pod, grant }: Trail, failures: readonly PiggyError[]): void {
    if (caller?.pod === undefined || pod === undefined || failures.length === 0) return;
    const { namespace, pod: told } = caller;
    tellPod?.({ namespace, ...told }, noticesOf(failures, grant?.container.name));
  }
}

/** A secret that is not there is a failure of its keys, also where it is the whole answer. */
function toldOf(failure: PiggyError, grant: Grant | undefined): readonly PiggyError[] {
  if (!isAbsence(failure) || grant?.keys === undefined) return [failure];
  return failuresWithoutDefault(new Map(grant.keys.map((key) => [key, failure])), grant.container);
}

/** What all requests share. */
interface Service {
  readonly world: SecretsWorld;
  readonly rules: Rules;
  /** Whether a secret without PIGGY_ALLOWED_SA is refused. */
  readonly isEnforced: boolean;
  readonly identify: ReturnType<typeof createIdentify>;
}

/** Who asks, may they, what do they get: each step is noted in the trail as soon as it is known. */
async function decide(
  { world, rules, isEnforced, identify }: Service,
  request: SecretRequest,
  trail: Trail,
  signal: AbortSignal,
) {
  const { environment } = world;
  const { caller, readBoundPod } = await identify(request.token, signal);
  trail.caller = caller;
  const reads = { readBoundPod, readPod: world.readPod };
  const pod = await readCallersPod(caller, request, rules.defaultTokens, reads, signal);
  trail.pod = pod;
  const grant = authorize(caller, pod, request, rules, environment);
  trail.grant = grant;
  const sources = { pod: pod.stored, environment, namespace: caller.namespace };
  const judgement: Judgement = {
    serviceAccount: `${caller.namespace}:${caller.serviceAccount}`,
    isEnforced,
    whyNotGiven: (location, arns) => rules.allowed?.whyNotGiven(location, arns, caller),
  };
  const [{ values, failures, ...read }, entries] = await Promise.all([
    readStored(grant, { judgement, sources }, world.readStore, signal),
    readEntries(grant.entries, judgement, world.readEntry, (entry) => trail.entries.push(entry), signal),
  ]);
  if (grant.entries.fetches.length + entries.failures.size === 0) return { ...read, values, failures };
  return {
    ...read,
    values: new Map([...values, ...entries.values]),
    failures: new Map([...withEntrySources(entries.failures, grant.entries, sources), ...failures]),
  };
}

const EVERYTHING =
  "PIGGY_ALLOWED_SECRETS is not set: a Pod may ask for every secret and parameter that the AWS identity of " +
  "piggy-webhooks may read";

function acceptance(value: string): DefaultTokens {
  return value === "true" || value === "false" ? value : "auto";
}
