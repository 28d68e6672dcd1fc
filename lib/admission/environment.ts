/**
 * A container's environment as the kubelet will make it, as far as it can be known at admission: `envFrom` first,
 * then `env`, the later of two entries winning. Source: Kubernetes API reference, Container v1 core.
 */
import { PiggyError } from "../error.ts";
import { mentionedNames } from "../expansion.ts";
import type { Container, EnvVar, ObjectName, ObjectSource, Pod } from "../pod.ts";
import { parseReference } from "../reference/reference.ts";
import { parseValue } from "../reference/value.ts";
import { isOwnVariable } from "../variables.ts";
import { type Finding, findEntries, type StoreEntries } from "./entries.ts";
import { inline, LONGEST_ENVIRONMENT, LONGEST_VALUE, type Values } from "./inline.ts";
import { createMentions } from "./mentions.ts";
import type { ObjectContent, UnseenReason } from "./objects.ts";

/** An object that could not be read, so that what it will put into the environment is not known. */
export interface Unseen {
  readonly object: ObjectName;
  readonly reason: UnseenReason;
  readonly optional: boolean;
}

export interface ContainerEnvironment {
  /** The variables that are sure to be set, and to what, as far as it is known. Some are a Secret's: none is shown. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Whether a value is a reference or has one in it, or text that the injector is to unescape. */
  readonly holdsReference: boolean;
  /** The variables of which that is so. */
  readonly holders: ReadonlySet<string>;
  /** The first variable that has one within its value, or text to unescape, which older injectors know nothing of. */
  readonly embeddedIn: string | undefined;
  readonly entries: StoreEntries;
  /** Values to be written in place of those that mention a variable which holds a reference. */
  readonly inlined: ReadonlyMap<EnvVar, string>;
  /** Values with marks around what may be a reference by the time that the container starts. */
  readonly marked: ReadonlyMap<EnvVar, string>;
  readonly unseen: readonly Unseen[];
}

/** @param annotations of the Pod, which a variable may be a copy of */
export async function environmentOf(
  container: Container,
  annotations: Pod["annotations"],
  read: (object: ObjectName) => Promise<ObjectContent>,
): Promise<ContainerEnvironment> {
  const unseen: Unseen[] = [];
  const values = new Map<string, string | undefined>();
  const inlined = new Map<EnvVar, string>();
  const marked = new Map<EnvVar, string>();
  const textOf = (name: string) => (mentions.isOpen(name) ? undefined : values.get(name));
  const mentions = createMentions((name) => textOf(name) !== undefined);
  // Those with more of a Secret in them than a reference alone, at first hand or by a mention.
  const hidden = new Set<string>();
  let left = LONGEST_ENVIRONMENT;
  const contentOf = await readSources(container, read);

  const isUnseen = ({ object, optional }: ObjectSource, reason: UnseenReason) =>
    void unseen.push({ object, reason, optional });
  const seenData = (source: ObjectSource) => {
    const content = contentOf.get(source);
    if (content?.seen) return content.data;
    isUnseen(source, content?.reason ?? "absent");
    return undefined;
  };

  const take = (name: string, value: string, { object }: ObjectSource) => {
    values.set(name, value);
    const isHidden = object.kind === "Secret" && parseReference(value) === undefined;
    toggle(hidden, name, isHidden);
    // Written in a mention's place it would be read by whoever may read Pods: left to the kubelet it is not.
    if (isHidden && isHeldIn(value)) mentions.addName(name);
    else mentions.settle(name);
  };

  for (const source of container.envFrom) {
    const data = seenData(source);
    if (data === undefined) mentions.addPrefix(source.prefix);
    for (const [key, value] of data ?? []) take(source.prefix + key, value, source);
  }
  for (const variable of container.env) {
    const { name } = variable;
    if (variable.annotation !== undefined) {
      // One that is not there is empty; nothing in it is expanded.
      const isThere = Object.hasOwn(annotations, variable.annotation);
      values.set(name, isThere ? annotations[variable.annotation] : "");
      mentions.settle(name);
      continue;
    }
    if (variable.from === undefined) {
      const longest = Math.min(LONGEST_VALUE, left);
      const { value, expanded } = inlineIn(container, variable, { get: textOf }, longest);
      left -= expanded === variable.value ? 0 : (expanded?.length ?? 0);
      if (value !== variable.value && value !== undefined) inlined.set(variable, value);
      const text = mentions.mark(name, value ?? "", expanded ?? "");
      const isHidden = hidden.size > 0 && mentionedNames(value ?? "").some((other) => hidden.has(other));
      if (text !== undefined) marked.set(variable, text);
      else if (isHidden && isHeldIn(expanded)) mentions.addName(name);
      toggle(hidden, name, isHidden);
      values.set(name, expanded);
      continue;
    }
    const data = seenData(variable.from);
    const value = data?.get(variable.from.key);
    // An optional key that the object does not have sets nothing; neither may one that is not seen.
    if (value !== undefined) take(name, value, variable.from);
    else if (data === undefined) mentions.addName(name);
    // The container waits for a key that has to be there, and whoever adds it may add a reference.
    else if (!variable.from.optional) {
      isUnseen(variable.from, "absent");
      mentions.addName(name);
    }
  }
  const isOpen = (name: string) => mentions.isOpen(name) || (values.has(name) && textOf(name) === undefined);
  const references = referencesIn(values, findEntries(container.name, isOpen));
  return { values, ...references, inlined, marked, unseen };
}

function toggle(names: Set<string>, name: string, isIn: boolean): void {
  if (isIn) names.add(name);
  else names.delete(name);
}

/** Side by side: the look-ups are round trips. */
async function readSources(
  { envFrom, env }: Container,
  read: (object: ObjectName) => Promise<ObjectContent>,
): Promise<ReadonlyMap<ObjectSource, ObjectContent>> {
  const sources: ObjectSource[] = [...envFrom];
  for (const { from } of env) if (from !== undefined) sources.push(from);
  if (sources.length === 0) return NOTHING;
  const pairs = sources.map(async (source) => [source, await read(source.object)] as const);
  return new Map(await Promise.all(pairs));
}

const NOTHING: ReadonlyMap<ObjectSource, ObjectContent> = new Map();

/** Whether there is something in a value for the injector to do. */
export function isHeldIn(value: string | undefined): boolean {
  return value !== undefined && parseValue(value) !== undefined;
}

/** @throws PiggyError `reference_invalid` */
function referencesIn(values: ReadonlyMap<string, string | undefined>, entries: Finding) {
  const holders = new Set<string>();
  let embeddedIn: string | undefined;
  for (const [name, value] of values) {
    const parts = value === undefined ? undefined : parseValue(value);
    if (value === undefined || parts === undefined) continue;
    holders.add(name);
    if (embeddedIn === undefined && parseReference(value) === undefined) embeddedIn = name;
    if (!isOwnVariable(name)) entries.add(name, parts);
  }
  return { holdsReference: holders.size > 0, holders, embeddedIn, entries: entries.result() };
}

/** @throws PiggyError `reference_embedded` */
function inlineIn({ name: container }: Container, { name, value }: EnvVar, values: Values, longest: number) {
  if (value === undefined) return { value, expanded: value };
  const result = inline(value, values, longest);
  if (!("holder" in result)) return result;
  throw new PiggyError(
    "reference_embedded",
    `container ${JSON.stringify(container)}: the value of ${name} mentions $(${result.holder}), which is a reference, ` +
      `and what stands around it would change its meaning, or is too long. Put the whole value of ${name} into the ` +
      `secret, or put it together in args, where $(${result.holder}) is expanded after it is resolved`,
  );
}
