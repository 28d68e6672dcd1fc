/** The variables of a container behind the injector: its own, and what the injector is told. */
import { containerVariable } from "../container-variable.ts";
import type { JsonObject } from "../json.ts";
import type { Container, EnvVar, Pod } from "../pod.ts";
import { isOwnVariable, MENTIONS_IN } from "../variables.ts";
import { expandVariable } from "./argv.ts";
import { bringTo } from "./bring-to.ts";
import type { Decision } from "./decide.ts";
import { recordedEntries } from "./environment/entries.ts";
import { mentionedVariable, withMentions } from "./environment/mentions.ts";
import { isServiceVariable } from "./environment/service-variable.ts";
import { hasOwnToken, type Plan } from "./plan.ts";

/** What only tells the injector how to go about it: a manifest's own value stays where no setting replaces it. */
export const TUNING_SETTINGS = [
  "debug",
  "piggy-ignore-no-env",
  "piggy-dns-resolver",
  "piggy-initial-delay",
  "piggy-number-of-retry",
  "piggy-deadline",
  "aws-region",
] as const;
const TUNING: ReadonlySet<string> = new Set(TUNING_SETTINGS.map(containerVariable));

/**
 * What takes a guard away, each as it is said to be off: asking the webhook, verifying it, and a start only with every
 * secret. Nothing is written of them where they are off.
 */
const GUARDS = (["standalone", "piggy-skip-verify-tls", "piggy-ignore-no-env"] as const).map(
  (setting): Variable => ({ name: containerVariable(setting), value: "false" }),
);

/**
 * In proxy mode also by whose CA the webhook is verified, and at what address it is asked. Empty they are as if they
 * were not there, and the API server stores nothing of an empty value.
 */
const PROXY_GUARDS: readonly Variable[] = [...GUARDS, { name: "PIGGY_CA" }, { name: "PIGGY_SERVICE" }];

type Variable = JsonObject & { readonly name: string };

/**
 * The guards that an object behind `envFrom` could take away by a key of such a name. For the kubelet what stands in
 * `env` counts, so they are said there.
 */
function openGuards(container: Container, { mode, variables }: Plan): readonly JsonObject[] {
  const { envFrom, env } = container;
  if (envFrom.length === 0) return [];
  return (mode === "proxy" ? PROXY_GUARDS : GUARDS).filter(({ name: guard }) => {
    const isSaid = variables.has(guard) || (TUNING.has(guard) && env.some(({ name }) => name === guard));
    return !isSaid && maySet(container, guard);
  });
}

const POD_NAME: JsonObject = {
  name: "PIGGY_POD_NAME",
  valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
};

const MENTIONED = "PIGGY_MENTIONED";

/** @throws PiggyError `reference_embedded`, `injection_impossible` */
export function wrappedEnvironment(
  decision: Decision,
  uid: string,
  { pod, plan }: { readonly pod: Pod; readonly plan: Plan },
): readonly JsonObject[] {
  const { container, environment } = decision;
  const variables: JsonObject[] = [];
  for (const [name, value] of plan.variables) variables.push({ name, value });
  if (plan.mode === "proxy") variables.push(POD_NAME);
  variables.push(
    ...openGuards(container, plan),
    { name: "PIGGY_UID", value: uid },
    ...terminationLog(container),
    ...expansion(decision, uid, pod, plan),
  );
  const isWanted = (name: string) => variables.some((variable) => variable["name"] === name);
  const isOurs = ({ name }: JsonObject) =>
    isOwn(name) && !name.startsWith(MENTIONS_IN) && (!TUNING.has(name) || isWanted(name));
  const { inlined } = environment;
  const write = (variable: EnvVar) => {
    const value = inlined.size === 0 ? undefined : inlined.get(variable);
    return value === undefined ? variable.json : { ...variable.json, value };
  };
  const marked = plan.injector.isOurs ? environment.marked : NOTHING;
  const env = withMentions(container, marked, uid, write);
  // In standalone mode nobody else is asked.
  if (hasOwnToken(plan) && environment.entries.keys.size > 0) {
    const own = env.filter(({ name }) => !isOwn(name));
    const recorded = recordedEntries(container.name, environment.entries, own);
    variables.splice(variables.some(isMentioned) ? -1 : variables.length, 0, ...recorded);
  }
  // Last, so that the kubelet knows every name by then.
  const others = env.some(isMentioned) ? env.filter((variable) => !isMentioned(variable)) : env;
  return bringTo(others, variables, isOurs);
}

const NOTHING: ReadonlyMap<EnvVar, string> = new Map();
const isMentioned = ({ name }: JsonObject) => name === MENTIONED;

function isOwn(name: unknown): name is string {
  return typeof name === "string" && isOwnVariable(name);
}

/** What the kubelet would have expanded in the argv, which the injector is to do. */
function expansion(
  { argv, environment }: Decision,
  uid: string,
  pod: Pod,
  { injector }: Plan,
): readonly JsonObject[] {
  const isSure = (name: string) => environment.values.has(name);
  const mayBeSet = (name: string) =>
    environment.unseen.length > 0 || isServiceVariable(name, pod.serviceLinks);
  const expand = expandVariable(argv, (name) => !isOwnVariable(name) && (isSure(name) || mayBeSet(name)));
  if (expand === undefined) return [];
  // A name that only the image sets is there for the injector, and the kubelet knows nothing of it.
  const unsure = injector.isOurs ? expand.names.filter((name) => !isSure(name)) : [];
  return [
    { name: "PIGGY_EXPAND", value: expand.value },
    ...(unsure.length === 0 ? [] : [{ name: MENTIONED, value: mentionedVariable(unsure, uid) }]),
  ];
}

const DEFAULT_TERMINATION_LOG = "/dev/termination-log";
const TERMINATION_LOG = "PIGGY_TERMINATION_LOG";

/**
 * Told only where it is not what the injector tries by itself, and where an object behind `envFrom` could name another
 * file: an end without secrets would overwrite it.
 */
function terminationLog(container: Container): readonly JsonObject[] {
  const path = container.json["terminationMessagePath"];
  const isOwn = typeof path === "string" && path !== "" && path !== DEFAULT_TERMINATION_LOG;
  if (!isOwn && !maySet(container, TERMINATION_LOG)) return [];
  return [{ name: TERMINATION_LOG, value: isOwn ? path : DEFAULT_TERMINATION_LOG }];
}

/** Whether an object behind `envFrom` could set a variable, now or at any later start. */
function maySet({ envFrom }: Container, variable: string): boolean {
  return envFrom.some(({ prefix }) => variable.startsWith(prefix));
}
