/** What becomes of a container, and why. */
import type { ImageCommand } from "../admission/argv.ts";
import { allowanceOfPod } from "../admission/environment/inline.ts";
import { type ObjectContent, readSources, type Unseen } from "../admission/environment/objects.ts";
import { type ContainerEnvironment, environmentOf } from "../admission/environment.ts";
import { selectContainers } from "../admission/selection.ts";
import { messageOf } from "../error.ts";
import type { Container, ObjectName, Pod } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { admittedArgv, variableOf } from "../wrapped-container.ts";
import type { SeenObject } from "./sources.ts";
import { type ReferenceAccount, referencesOf } from "./variables.ts";

export interface ContainerAccount {
  readonly name: string;
  readonly kind: "container" | "init container";
  /** `undecided` where the Pod is denied. */
  readonly action: "wrap" | "unwrap" | "leave" | "undecided";
  readonly reason: string;
  readonly references: readonly ReferenceAccount[];
  /** Where the references are looked up; null where nothing is injected. */
  readonly store: StoreAccount | null;
  /** What it runs behind the injector; null where nothing is injected. */
  readonly command: CommandAccount | null;
}

export interface StoreAccount {
  readonly service: "Secrets Manager" | "Parameter Store";
  /** The secret's name, or the parameter path. */
  readonly name: string;
  readonly version: string | null;
  readonly region: string | null;
  readonly mode: "proxy" | "standalone";
}

export interface CommandAccount {
  readonly from: "command" | "image" | "image, not looked up" | "an earlier admission";
  /** Null where it is not known. */
  readonly argv: readonly string[] | null;
}

export interface ContainerQuestion {
  readonly container: Container;
  readonly kind: ContainerAccount["kind"];
  readonly pod: Pod;
  readonly settings: Settings;
  readonly isLookedAt: boolean;
  /** As it would be stored; undefined where the Pod is denied. */
  readonly after: Container | undefined;
  readonly objects: ReadonlyMap<string, SeenObject>;
  readonly images: ReadonlyMap<string, ImageCommand | undefined>;
  readonly read: (object: ObjectName) => Promise<ObjectContent>;
}

export async function explainContainer(question: ContainerQuestion): Promise<ContainerAccount> {
  const { container, kind, after, objects } = question;
  const environment = await environmentOrProblem(question);
  const action = actionOf(question);
  const isWrapped = action === "wrap" && after !== undefined;
  const references = typeof environment === "string" ? [] : referencesOf(container, environment, objects);
  return {
    name: container.name,
    kind,
    action,
    reason:
      typeof environment === "string" ? environment : reasonFor(question, action, environment, references),
    references,
    store: isWrapped ? storeOf(after) : null,
    command: isWrapped ? commandOf(question, after) : null,
  };
}

/** The environment as admission sees it, or what is wrong with it, which is what denies the Pod. */
async function environmentOrProblem({
  container,
  pod,
  read,
}: ContainerQuestion): Promise<ContainerEnvironment | string> {
  try {
    return environmentOf(container, pod.annotations, await readSources(container, read), allowanceOfPod());
  } catch (error) {
    return messageOf(error);
  }
}

function actionOf({ container, after, isLookedAt }: ContainerQuestion): ContainerAccount["action"] {
  if (!isLookedAt) return "leave";
  if (after === undefined) return "undecided";
  if (admittedArgv(after) !== undefined && variableOf(after, "PIGGY_UID") !== undefined) return "wrap";
  return admittedArgv(container) === undefined ? "leave" : "unwrap";
}

function reasonFor(
  { container, settings, isLookedAt }: ContainerQuestion,
  action: ContainerAccount["action"],
  environment: ContainerEnvironment,
  references: readonly ReferenceAccount[],
): string {
  const holds = references.length === 0 ? "" : ": its references stay text";
  if (!isLookedAt) return `the Pod is not looked at${holds}`;
  const leftOutBy = selectContainers(settings).leftOutBy(container);
  if (leftOutBy !== undefined) return `left out by ${leftOutBy}${holds}`;
  if (references.length > 0) return "it holds references";
  if (environment.unseen.length === 0) return "it holds no references";
  const unseen = environment.unseen.map(formatUnseen).join(", ");
  if (settings["piggy-unseen"] === "ignore") {
    return `${unseen}: taken as holding none, as ${annotationName("piggy-unseen")} says`;
  }
  if (action === "leave") return `${unseen}; a warning says why it starts without piggy-env all the same`;
  return `${unseen}: treated as if it held references`;
}

function formatUnseen({ object, reason, optional }: Unseen): string {
  const verb = reason === "not looked up" ? "was" : "is";
  return `${optional ? "optional " : ""}${object.kind} ${object.name} ${verb} ${reason}`;
}

/** As its variables will say, which is what decides what it may ask for. */
function storeOf(after: Container): StoreAccount {
  const path = variableOf(after, "PIGGY_AWS_SSM_PARAMETER_PATH");
  return {
    service: path === undefined ? "Secrets Manager" : "Parameter Store",
    name: path ?? variableOf(after, "PIGGY_AWS_SECRET_NAME") ?? "",
    version: variableOf(after, "PIGGY_AWS_SECRET_VERSION") ?? null,
    region: variableOf(after, "PIGGY_AWS_REGION") ?? null,
    mode: variableOf(after, "PIGGY_STANDALONE") === "true" ? "standalone" : "proxy",
  };
}

function commandOf({ container, images }: ContainerQuestion, after: Container): CommandAccount {
  const argv = admittedArgv(after) ?? [];
  if (admittedArgv(container) !== undefined) return { from: "an earlier admission", argv };
  if (!images.has(container.name)) return { from: "command", argv };
  if (images.get(container.name) === undefined) return { from: "image, not looked up", argv: null };
  return { from: "image", argv };
}
