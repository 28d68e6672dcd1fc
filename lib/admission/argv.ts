/** What a container runs, with and without the injector in front. */
import { PiggyError } from "../error.ts";
import { escapeForKubelet, mentionedNames, unescapeForKubelet } from "../expansion.ts";
import { isJsonObject, parseJson } from "../json.ts";
import type { Container } from "../pod.ts";
import { INJECTOR_PATH, SEPARATOR, type Split, splitAtInjector } from "../wrapped-container.ts";

export interface Argument {
  readonly text: string;
  /** Whether the kubelet would have expanded `$(VAR)` in it: the container's own command and args, not the image's. */
  readonly expandable: boolean;
}

/** An image's own command. */
export interface ImageCommand {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

const fromPod = (text: string): Argument => ({ text, expandable: true });
const fromImage = (text: string): Argument => ({ text, expandable: false });

/**
 * The argv of a container that is not wrapped: command and args, or the image's ENTRYPOINT and args, or, without
 * args, the image's CMD.
 */
export function plainArgv(container: Container, image: ImageCommand | undefined): readonly Argument[] {
  if (container.command.length > 0) return [...container.command, ...container.args].map(fromPod);
  const entrypoint = (image?.entrypoint ?? []).map(fromImage);
  // An image's ENTRYPOINT of its own makes the kubelet's args replace the CMD, and so do args alone.
  return container.args.length > 0
    ? [...entrypoint, ...container.args.map(fromPod)]
    : [...entrypoint, ...(image?.cmd ?? []).map(fromImage)];
}

export type Wrapping = Split & { readonly argv: readonly Argument[] };

/**
 * Whether nothing of ours is left in a container's command and args: somebody replaced both, and what they say now is
 * all that is to run. Where one of the two is still as we wrote it, half of what is to run is lost.
 */
export function isReplaced({ command, args }: Container): boolean {
  return args[0] !== SEPARATOR && ![...command, ...args].includes(INJECTOR_PATH);
}

/**
 * Reads a container that was wrapped before.
 * @throws PiggyError `argv_lost` when its command or args were replaced afterwards, so that the original is gone.
 */
export function unwrap(container: Container, expandVariable: string | undefined): Wrapping {
  const split = splitAtInjector(container);
  if (split === undefined) {
    throw new PiggyError(
      "argv_lost",
      `container ${JSON.stringify(container.name)} carries a PIGGY_UID, but its command and args no longer hold ` +
        `${INJECTOR_PATH} ${SEPARATOR}: something replaced them after injection and the original command is lost. ` +
        "Create the Pod from its own manifest, or let the other webhook run before piggy-webhooks",
    );
  }
  const expandable = parseExpand(expandVariable);
  return {
    ...split,
    argv: split.elements.map((element, index) => {
      const text = unescapeForKubelet(element);
      // Not written by us: something added it since, and the kubelet would expand it.
      return text === undefined ? fromPod(element) : { text, expandable: expandable.has(index) };
    }),
  };
}

/** command and args of the container with the injector in front of the argv. */
export function wrap(argv: readonly Argument[], before?: Wrapping) {
  return {
    command: before?.command ?? [INJECTOR_PATH],
    args: [
      ...(before?.argsBefore ?? []),
      SEPARATOR,
      ...argv.map((argument) => escapeForKubelet(argument.text)),
    ],
  };
}

/** The command of a container that is to run without the injector again. */
export function unwrappedCommand(argv: readonly Argument[]): readonly string[] {
  return argv.map((argument) => (argument.expandable ? argument.text : escapeForKubelet(argument.text)));
}

/**
 * PIGGY_EXPAND: which elements the kubelet would have expanded, and which of the names that they mention it would
 * have known, or may. Undefined when nothing is to be expanded.
 */
export function expandVariable(
  argv: readonly Argument[],
  mayBeKnown: (name: string) => boolean,
): { readonly value: string; readonly names: readonly string[] } | undefined {
  const elements: number[] = [];
  for (const [index, { expandable, text }] of argv.entries()) {
    if (expandable && escapeForKubelet(text) !== text) elements.push(index);
  }
  if (elements.length === 0) return undefined;
  const mentioned = new Set(elements.flatMap((index) => mentionedNames(argv[index]?.text ?? "")));
  const names = [...mentioned].filter(mayBeKnown).sort();
  return { value: escapeForKubelet(JSON.stringify({ argv: elements, names })), names };
}

function parseExpand(variable: string | undefined): ReadonlySet<number> {
  const value = variable === undefined ? undefined : parseJson(variable);
  const elements = isJsonObject(value) ? value["argv"] : undefined;
  return new Set(Array.isArray(elements) ? elements.filter(Number.isInteger) : []);
}
