/**
 * A container behind the injector, as admission writes it and the API server stores it. What it may ask for is read
 * from here: its spec cannot be changed any more, while annotations can be, by anybody with `patch pods`.
 */
import { unescapeForKubelet } from "./expansion.ts";
import type { Container, Pod } from "./pod.ts";

export const INJECTOR_PATH = "/piggy/piggy-env";
export const SEPARATOR = "--";

/** The value of a container's variable as written; of several, the last, as in the kubelet. */
export function variableOf(container: Container, name: string): string | undefined {
  return container.env.findLast((variable) => variable.name === name)?.value;
}

export interface Split {
  /** command up to the injector, which another webhook may have put a wrapper of its own in front of. */
  readonly command: readonly string[];
  /** args up to the injector, where it stands there. */
  readonly argsBefore: readonly string[];
  /** What follows the separator, escaped for the kubelet. */
  readonly elements: readonly string[];
}

/** Command and args, parted at the injector; undefined when it is not in them. */
export function splitAtInjector({ command, args }: Pick<Container, "command" | "args">): Split | undefined {
  // As admission writes it, whatever follows.
  if (command.at(-1) === INJECTOR_PATH && args[0] === SEPARATOR) {
    return { command, argsBefore: [], elements: args.slice(1) };
  }
  const inArgs = args.indexOf(INJECTOR_PATH);
  if (inArgs >= 0 && args[inArgs + 1] === SEPARATOR) {
    return { command, argsBefore: args.slice(0, inArgs + 1), elements: args.slice(inArgs + 2) };
  }
  const inCommand = command.indexOf(INJECTOR_PATH);
  const after = inCommand < 0 ? [] : [...command.slice(inCommand + 1), ...args];
  if (after[0] !== SEPARATOR) return undefined;
  return { command: command.slice(0, inCommand + 1), argsBefore: [], elements: after.slice(1) };
}

/** The container, init containers included, that a uid was given to. An empty uid is nobody's. */
export function containerByUid(pod: Pod, uid: string): Container | undefined {
  if (uid === "") return undefined;
  const containers = [...pod.initContainers, ...pod.containers];
  return containers.find((container) => variableOf(container, "PIGGY_UID") === uid);
}

/** The argv that was admitted, before it was escaped for the kubelet; undefined when it is not wrapped any more. */
export function admittedArgv(container: Container): readonly string[] | undefined {
  return splitAtInjector(container)?.elements.map((element) => unescapeForKubelet(element) ?? element);
}

/** Whether the container was given a token for us. */
export function hasTokenFile(container: Container): boolean {
  return variableOf(container, "PIGGY_TOKEN_FILE") !== undefined;
}

/** Whether its spec says what it may ask for: an older webhook leaves that to annotations. */
export function isSpecDecisive(container: Container): boolean {
  return variableOf(container, "PIGGY_ENFORCE_INTEGRITY") !== undefined;
}
