/**
 * A container's environment as the kubelet will make it, as far as it can be known at admission: `envFrom` first,
 * then `env`, the later of two entries winning. Source: Kubernetes API reference, Container v1 core.
 */
import { PiggyError } from "../error.ts";
import { mentionedNames } from "../expansion.ts";
import type { Container, EnvFile, EnvVar, ObjectName, ObjectSource, Pod } from "../pod.ts";
import { parseReference } from "../reference/reference.ts";
import { holdsReference, parseValue } from "../reference/value.ts";
import { isOwnVariable } from "../variables.ts";
import { type Finding, findEntries, NO_ENTRIES, namesOtherEntries, type StoreEntries } from "./entries.ts";
import { inline, LONGEST_ENVIRONMENT, LONGEST_VALUE, type Values } from "./inline.ts";
import { createMentions, type Mentions } from "./mentions.ts";
import type { ObjectContent, UnseenReason } from "./objects.ts";

/** What could not be read, so that what it will put into the environment is not known. */
export interface Unseen {
  readonly object: ObjectName | EnvFile;
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
  /** Whether a variable of Piggy's own holds one: it is not the application's, and goes. */
  readonly isStray: boolean;
}

export type Contents = ReadonlyMap<ObjectSource, ObjectContent>;

/**
 * Reads the objects that an environment comes from, side by side: the look-ups are round trips. Undefined where there
 * are none, so that nobody waits.
 */
export function readSources(
  { envFrom, env }: Container,
  read: (object: ObjectName) => Promise<ObjectContent>,
): Promise<Contents> | undefined {
  const sources: ObjectSource[] = [...envFrom];
  for (const { from } of env) if (from !== undefined) sources.push(from);
  if (sources.length === 0) return undefined;
  const pairs = sources.map(async (source) => [source, await read(source.object)] as const);
  return Promise.all(pairs).then((all) => new Map(all));
}

/**
 * What nearly every environment has none of is made when there is some: collections for every container of every Pod
 * are what admission would spend most of its time on.
 *
 * @param annotations of the Pod, which a variable may be a copy of
 * @param contentOf what `readSources` found
 * @throws PiggyError `reference_invalid`, `reference_embedded`
 */
export function environmentOf(
  container: Container,
  annotations: Pod["annotations"],
  contentOf: Contents | undefined,
): ContainerEnvironment {
  const unseen: Unseen[] = [];
  const values = new Map<string, string | undefined>();
  let inlined: Map<EnvVar, string> | undefined;
  let marked: Map<EnvVar, string> | undefined;
  let mentions: Mentions | undefined;
  // Those with more of a Secret in them than a reference alone, at first hand or by a mention.
  let hidden: Set<string> | undefined;
  // Those with a store entry in whose name there is such text.
  let hiddenEntries: Set<string> | undefined;
  // Those whose value is a reference, and is left to the kubelet: nothing tells of it any more where the name is set again.
  let heldOpen: Set<string> | undefined;
  let left = LONGEST_ENVIRONMENT;

  const textOf = (name: string) => (mentions?.isOpen(name) ? undefined : values.get(name));
  const beginMentions = () => {
    mentions ??= createMentions({
      isKnown: (name) => textOf(name) !== undefined,
      mayJoinDollars: (name) => hidden?.has(name) || (values.has(name) && /^$|\$$/.test(textOf(name) ?? "")),
    });
    return mentions;
  };
  const hide = (name: string) => {
    hidden ??= new Set();
    hidden.add(name);
  };
  const holdOpen = (name: string, isHeld: boolean) => {
    if (!isHeld) {
      heldOpen?.delete(name);
      return;
    }
    heldOpen ??= new Set();
    heldOpen.add(name);
  };
  const isUnseen = ({ object, optional }: ObjectSource, reason: UnseenReason) =>
    void unseen.push({ object, reason, optional });
  const seenData = (source: ObjectSource) => {
    const content = contentOf?.get(source);
    if (content?.seen) return content.data;
    isUnseen(source, content?.reason ?? "absent");
    return undefined;
  };

  const take = (name: string, value: string, { object }: ObjectSource) => {
    values.set(name, value);
    const isHidden = object.kind === "Secret" && parseReference(value) === undefined;
    if (isHidden) hide(name);
    else hidden?.delete(name);
    // Written in a mention's place it would be read by whoever may read Pods: left to the kubelet it is not.
    const isHeldOpen = isHidden && holdsReference(value);
    if (isHeldOpen) beginMentions().addName(name);
    else mentions?.settle(name);
    holdOpen(name, isHeldOpen);
    hiddenEntries?.delete(name);
  };

  /** A value that stands in the Pod itself, or that only the kubelet knows. */
  const takeWritten = (variable: EnvVar) => {
    const { name } = variable;
    const longest = Math.min(LONGEST_VALUE, left);
    const { value, expanded } = inlineIn(container, variable, { get: textOf }, longest);
    left -= expanded === variable.value ? 0 : (expanded?.length ?? 0);
    if (value !== variable.value && value !== undefined) {
      inlined ??= new Map();
      inlined.set(variable, value);
    }
    if (value?.includes("$(")) beginMentions();
    const text = mentions?.mark(name, value ?? "", expanded ?? "");
    const isHidden = hidden !== undefined && mentionsAny(value, hidden);
    if (text !== undefined) {
      marked ??= new Map();
      marked.set(variable, text);
    } else if (isHidden && holdsReference(expanded)) beginMentions().addName(name);
    if (isHidden) hide(name);
    else hidden?.delete(name);
    const isHeld = holdsReference(expanded) || (heldOpen !== undefined && mentionsAny(value, heldOpen));
    holdOpen(name, isHeld && mentions?.isOpen(name) === true);
    if (isHidden && namesOtherEntries(value ?? "", expanded ?? "")) {
      hiddenEntries ??= new Set();
      hiddenEntries.add(name);
    } else hiddenEntries?.delete(name);
    values.set(name, expanded);
  };

  for (const source of container.envFrom) {
    const data = seenData(source);
    if (data === undefined) beginMentions().addPrefix(source.prefix);
    for (const [key, value] of data ?? []) take(source.prefix + key, value, source);
  }
  let isStray = false;
  for (const variable of container.env) {
    const { name, annotation, from, fromFile } = variable;
    // As at a first admission, which finds none: it is written anew, or goes.
    if (isOwnVariable(name)) {
      const content = from && contentOf?.get(from);
      isStray ||= holdsReference(content?.seen ? content.data.get(from?.key ?? "") : variable.value);
      continue;
    }
    if (annotation !== undefined) {
      // One that is not there is empty; nothing in it is expanded.
      values.set(name, Object.hasOwn(annotations, annotation) ? annotations[annotation] : "");
      mentions?.settle(name);
      holdOpen(name, false);
      hiddenEntries?.delete(name);
      continue;
    }
    if (fromFile !== undefined) {
      unseen.push({ object: fromFile.file, reason: "absent", optional: fromFile.optional });
      beginMentions().addName(name);
      continue;
    }
    if (from === undefined) {
      takeWritten(variable);
      continue;
    }
    const data = seenData(from);
    const value = data?.get(from.key);
    // An optional key that the object does not have sets nothing; neither may one that is not seen.
    if (value !== undefined) take(name, value, from);
    else if (data === undefined) beginMentions().addName(name);
    // The container waits for a key that has to be there, and whoever adds it may add a reference.
    else if (!from.optional) {
      isUnseen(from, "absent");
      beginMentions().addName(name);
    }
  }
  const isOpen = (name: string) => mentions?.isOpen(name) || (values.has(name) && textOf(name) === undefined);
  const references = referencesIn(container.name, values, isOpen, heldOpen, hiddenEntries);
  return { values, ...references, inlined: inlined ?? NONE, marked: marked ?? NONE, unseen, isStray };
}

const NONE: ReadonlyMap<EnvVar, string> = new Map();

function mentionsAny(value: string | undefined, names: ReadonlySet<string>): boolean {
  return mentionedNames(value ?? "").some((name) => names.has(name));
}

/** @throws PiggyError `reference_invalid` */
function referencesIn(
  container: string,
  values: ReadonlyMap<string, string | undefined>,
  isOpen: (name: string) => boolean,
  heldOpen: ReadonlySet<string> | undefined,
  hiddenEntries: ReadonlySet<string> | undefined,
) {
  let holders = heldOpen !== undefined && heldOpen.size > 0 ? new Set(heldOpen) : undefined;
  let embeddedIn: string | undefined;
  let entries: Finding | undefined;
  for (const [name, value] of values) {
    const parts = value === undefined ? undefined : parseValue(value);
    if (value === undefined || parts === undefined) continue;
    holders ??= new Set();
    holders.add(name);
    if (embeddedIn === undefined && parseReference(value) === undefined) embeddedIn = name;
    if (isOwnVariable(name)) continue;
    entries ??= findEntries(container, isOpen);
    entries.add(name, parts, hiddenEntries?.has(name) === true);
  }
  return {
    holdsReference: holders !== undefined,
    holders: holders ?? NOBODY,
    embeddedIn,
    entries: entries?.result() ?? NO_ENTRIES,
  };
}

const NOBODY: ReadonlySet<string> = new Set();

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
