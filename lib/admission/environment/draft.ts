/**
 * A container's environment while it is gone through in the kubelet's order, one variable after the other. What nearly
 * every environment has none of is made when there is some: collections for every container of every Pod are what
 * admission would spend most of its time on.
 */
import { PiggyError } from "../../error.ts";
import { mentionedNames } from "../../expansion.ts";
import type { Container, EnvFromSource, EnvVar, ObjectSource, Pod } from "../../pod.ts";
import { parseReference } from "../../reference/reference.ts";
import { holdsReference } from "../../reference/value.ts";
import { isOwnVariable } from "../../variables.ts";
import { namesOtherEntries } from "./entries.ts";
import { type Allowance, inline, LONGEST_ENVIRONMENT, LONGEST_VALUE, type Values } from "./inline.ts";
import { createMentions, type Mentions } from "./mentions.ts";
import type { Contents, Unseen } from "./objects.ts";

/** What an earlier entry said of a name is taken back by a later one, as its value is. */
export interface Draft {
  readonly container: Container;
  /** Of the Pod, which a variable may be a copy of. */
  readonly annotations: Pod["annotations"];
  readonly contents: Contents | undefined;
  readonly values: Map<string, string | undefined>;
  /** Those of the values that nothing is open about. */
  readonly known: Values;
  readonly unseen: Unseen[];
  /** Those whose value holds a reference, or text for the injector to unescape. */
  holders: Set<string> | undefined;
  inlined: Map<EnvVar, string> | undefined;
  marked: Map<EnvVar, string> | undefined;
  mentions: Mentions | undefined;
  /** Those with more of a Secret in them than a reference alone, at first hand or by a mention. */
  hidden: Set<string> | undefined;
  /** Those with a store entry in whose name there is such text. */
  hiddenEntries: Set<string> | undefined;
  /** Those whose value is a reference, and is left to the kubelet: nothing tells of it any more where the name is set again. */
  heldOpen: Set<string> | undefined;
  /** How much may still be put in the places of mentions, in characters: of this container, and of its Pod. */
  left: number;
  readonly allowance: Allowance;
  /** Whether a variable of Piggy's own holds a reference. */
  isStray: boolean;
}

export function beginDraft(
  container: Container,
  annotations: Pod["annotations"],
  contents: Contents | undefined,
  allowance: Allowance,
): Draft {
  const draft: Draft = {
    container,
    annotations,
    contents,
    values: new Map(),
    known: {
      get: (name) => textOf(draft, name),
      isHolder: (name) => draft.holders?.has(name) === true && textOf(draft, name) !== undefined,
    },
    unseen: [],
    holders: undefined,
    inlined: undefined,
    marked: undefined,
    mentions: undefined,
    hidden: undefined,
    hiddenEntries: undefined,
    heldOpen: undefined,
    left: LONGEST_ENVIRONMENT,
    allowance,
    isStray: false,
  };
  return draft;
}

/** Whether only the kubelet will know what a name is set to. */
export function isOpen(draft: Draft, name: string): boolean {
  return draft.mentions?.isOpen(name) || (draft.values.has(name) && textOf(draft, name) === undefined);
}

/** An entry of `envFrom`. */
export function takeObject(draft: Draft, source: EnvFromSource): void {
  const data = dataOf(draft, source);
  if (data === undefined) mentionsOf(draft).addPrefix(source.prefix);
  for (const [key, value] of data ?? []) takeText(draft, source.prefix + key, value, source);
}

/**
 * An entry of `env`.
 * @throws PiggyError `reference_embedded`
 */
export function takeVariable(draft: Draft, variable: EnvVar): void {
  const { name, annotation, from, fromFile } = variable;
  // As at a first admission, which finds none: it is written anew, or goes.
  if (isOwnVariable(name)) takeOwn(draft, variable);
  else if (annotation !== undefined) takeAnnotation(draft, name, annotation);
  else if (fromFile !== undefined) takeFile(draft, name, fromFile);
  else if (from !== undefined) takeKey(draft, name, from);
  else takeWritten(draft, variable);
}

function takeOwn(draft: Draft, { value, from }: EnvVar): void {
  const content = from && draft.contents?.get(from);
  draft.isStray ||= holdsReference(content?.seen ? content.data.get(from?.key ?? "") : value);
}

/** One that is not there is empty; nothing in it is expanded. */
function takeAnnotation(draft: Draft, name: string, annotation: string): void {
  const { annotations } = draft;
  setValue(draft, name, Object.hasOwn(annotations, annotation) ? annotations[annotation] : "");
  draft.mentions?.settle(name);
  draft.heldOpen = noted(draft.heldOpen, name, false);
  draft.hiddenEntries = noted(draft.hiddenEntries, name, false);
}

function takeFile(draft: Draft, name: string, { file, optional }: NonNullable<EnvVar["fromFile"]>): void {
  draft.unseen.push({ object: file, reason: "absent", optional });
  mentionsOf(draft).addName(name);
}

function takeKey(draft: Draft, name: string, from: NonNullable<EnvVar["from"]>): void {
  const data = dataOf(draft, from);
  const value = data?.get(from.key);
  if (value !== undefined) {
    takeText(draft, name, value, from);
    return;
  }
  // An optional key that the object does not have sets nothing.
  if (data !== undefined && from.optional) return;
  // The container waits for a key that has to be there, and whoever adds it may add a reference.
  if (data !== undefined) draft.unseen.push({ object: from.object, reason: "absent", optional: false });
  mentionsOf(draft).addName(name);
}

/** A value that stands in the Pod itself, or that only the kubelet knows. */
function takeWritten(draft: Draft, variable: EnvVar): void {
  const { name } = variable;
  const { value, expanded } = inlined(draft, variable);
  if (value?.includes("$(")) mentionsOf(draft);
  const marked = draft.mentions?.mark(name, value ?? "", expanded ?? "");
  const isHidden = draft.hidden !== undefined && mentionsAny(value, draft.hidden);
  const isHolder = setValue(draft, name, expanded);
  if (marked !== undefined) {
    draft.marked ??= new Map();
    draft.marked.set(variable, marked);
  } else if (isHidden && isHolder) mentionsOf(draft).addName(name);
  const isHeld = isHolder || (draft.heldOpen !== undefined && mentionsAny(value, draft.heldOpen));
  draft.heldOpen = noted(draft.heldOpen, name, isHeld && draft.mentions?.isOpen(name) === true);
  draft.hidden = noted(draft.hidden, name, isHidden);
  const namesHidden = isHidden && namesOtherEntries(value ?? "", expanded ?? "");
  draft.hiddenEntries = noted(draft.hiddenEntries, name, namesHidden);
}

/** A key's text, which the kubelet hands on as it is. */
function takeText(draft: Draft, name: string, value: string, { object }: ObjectSource): void {
  const isHolder = setValue(draft, name, value);
  const isHidden = object.kind === "Secret" && parseReference(value) === undefined;
  draft.hidden = noted(draft.hidden, name, isHidden);
  // Written in a mention's place it would be read by whoever may read Pods: left to the kubelet it is not.
  const isHeldOpen = isHidden && isHolder;
  if (isHeldOpen) mentionsOf(draft).addName(name);
  else draft.mentions?.settle(name);
  draft.heldOpen = noted(draft.heldOpen, name, isHeldOpen);
  draft.hiddenEntries = noted(draft.hiddenEntries, name, false);
}

/** @returns whether there is something in the value for the injector to do */
function setValue(draft: Draft, name: string, value: string | undefined): boolean {
  const isHolder = holdsReference(value);
  draft.values.set(name, value);
  draft.holders = noted(draft.holders, name, isHolder);
  return isHolder;
}

/** The data of an object; where it is not seen, it is said to be so. */
function dataOf(draft: Draft, source: ObjectSource): ReadonlyMap<string, string> | undefined {
  const content = draft.contents?.get(source);
  if (content?.seen) return content.data;
  const { object, optional } = source;
  draft.unseen.push({ object, reason: content?.reason ?? "absent", optional });
  return undefined;
}

function textOf({ mentions, values }: Draft, name: string): string | undefined {
  return mentions?.isOpen(name) ? undefined : values.get(name);
}

function mentionsOf(draft: Draft): Mentions {
  draft.mentions ??= createMentions({
    isKnown: (name) => textOf(draft, name) !== undefined,
    mayJoinDollars: (name) =>
      draft.hidden?.has(name) || (draft.values.has(name) && joinsDollars(textOf(draft, name) ?? "")),
  });
  return draft.mentions;
}

function joinsDollars(text: string): boolean {
  return text === "" || text.endsWith("$");
}

function mentionsAny(value: string | undefined, names: ReadonlySet<string>): boolean {
  return mentionedNames(value ?? "").some((name) => names.has(name));
}

/** The names with this one among them, or not any more. */
function noted(names: Set<string> | undefined, name: string, isAmong: boolean): Set<string> | undefined {
  if (isAmong) return (names ?? new Set()).add(name);
  names?.delete(name);
  return names;
}

/** What is to stand in the Pod, and what the kubelet makes of it. @throws PiggyError `reference_embedded` */
function inlined(draft: Draft, variable: EnvVar) {
  const { name, value } = variable;
  if (value === undefined) return { value, expanded: value };
  const result = inline(value, draft.known, Math.min(LONGEST_VALUE, draft.left, draft.allowance.left));
  if ("holder" in result) throw notInlined(draft.container, name, result.holder);
  if (result.expanded !== value) {
    draft.left -= result.expanded.length;
    draft.allowance.left -= result.expanded.length;
  }
  if (result.value !== value) {
    draft.inlined ??= new Map();
    draft.inlined.set(variable, result.value);
  }
  return result;
}

function notInlined({ name: container }: Container, name: string, holder: string): PiggyError {
  return new PiggyError(
    "reference_embedded",
    `container ${JSON.stringify(container)}: the value of ${name} mentions $(${holder}), which is a reference, ` +
      `and what stands around it would change its meaning, or is too long. Put the whole value of ${name} into the ` +
      `secret, or put it together in args, where $(${holder}) is expanded after it is resolved`,
  );
}
