/**
 * A container's environment as the kubelet will make it, as far as it can be known at admission: `envFrom` first,
 * then `env`, the later of two entries winning. Source: Kubernetes API reference, Container v1 core.
 */
import type { Container, EnvVar, ObjectName, Pod } from "../pod.ts";
import { parseReference } from "../reference/reference.ts";
import { holdsReference, parseValue } from "../reference/value.ts";
import { isOwnVariable } from "../variables.ts";
import { beginDraft, type Draft, isOpen, takeObject, takeVariable } from "./environment/draft.ts";
import { type Finding, findEntries, NO_ENTRIES, type StoreEntries } from "./environment/entries.ts";
import type { Allowance } from "./environment/inline.ts";
import { type Contents, type ObjectContent, readSources, type Unseen } from "./environment/objects.ts";

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

/**
 * @param annotations of the Pod, which a variable may be a copy of
 * @param contents what `readSources` found
 * @param allowance the Pod's, which this container takes of
 * @throws PiggyError `reference_invalid`, `reference_embedded`
 */
export function environmentOf(
  container: Container,
  annotations: Pod["annotations"],
  contents: Contents | undefined,
  allowance: Allowance,
): ContainerEnvironment {
  const draft = beginDraft(container, annotations, contents, allowance);
  for (const source of container.envFrom) takeObject(draft, source);
  for (const variable of container.env) takeVariable(draft, variable);
  const { values, inlined = NONE, marked = NONE, unseen, isStray } = draft;
  return { values, ...referencesIn(draft), inlined, marked, unseen, isStray };
}

/**
 * The environment of a container that nobody wraps. It is read for a warning alone, so what would deny a Pod, such as
 * an API server that cannot say, is no reason here: then the literal values tell.
 */
export async function leftOutEnvironment(
  container: Container,
  annotations: Pod["annotations"],
  read: (object: ObjectName) => Promise<ObjectContent>,
  allowance: Allowance,
): Promise<ContainerEnvironment> {
  try {
    return environmentOf(container, annotations, await readSources(container, read), allowance);
  } catch {
    const holders = container.env.filter(({ value }) => holdsReference(value)).map(({ name }) => name);
    return {
      values: new Map(container.env.map(({ name, value }) => [name, value])),
      holdsReference: holders.length > 0,
      holders: new Set(holders),
      embeddedIn: undefined,
      entries: NO_ENTRIES,
      inlined: NONE,
      marked: NONE,
      unseen: [],
      isStray: false,
    };
  }
}

const NONE: ReadonlyMap<EnvVar, string> = new Map();

/** @throws PiggyError `reference_invalid` */
function referencesIn(draft: Draft) {
  const { container, values, holders = NOBODY, heldOpen = NOBODY, hiddenEntries } = draft;
  let embeddedIn: string | undefined;
  let entries: Finding | undefined;
  // An annotation, or a key of an object, may be the value of thousands of variables.
  const read = new Set<string>();
  for (const name of holders) {
    const value = values.get(name) ?? "";
    const isHidden = hiddenEntries?.has(name) === true;
    if (read.has(value) && !isHidden) continue;
    const parts = parseValue(value) ?? [];
    if (embeddedIn === undefined && parseReference(value) === undefined) embeddedIn = name;
    if (isOwnVariable(name)) continue;
    if (!isHidden) read.add(value);
    entries ??= findEntries(container.name, (mentioned) => isOpen(draft, mentioned));
    entries.add(name, parts, isHidden);
  }
  return {
    holdsReference: holders.size + heldOpen.size > 0,
    holders: heldOpen.size === 0 ? holders : new Set([...heldOpen, ...holders]),
    embeddedIn,
    entries: entries?.result() ?? NO_ENTRIES,
  };
}

const NOBODY: ReadonlySet<string> = new Set();
