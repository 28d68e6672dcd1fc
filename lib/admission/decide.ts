/** Which containers of a Pod are put behind the injector, and what they run. */
import { asPiggyError, PiggyError } from "../error.ts";
import type { Container, ObjectName, Pod } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { splitAtInjector, variableOf } from "../wrapped-container.ts";
import { type Argument, type ImageCommand, isReplaced, plainArgv, unwrap, type Wrapping } from "./argv.ts";
import { INJECTOR_VOLUME } from "./delivery/injector-volume.ts";
import { type Allowance, allowanceOfPod } from "./environment/inline.ts";
import { type Contents, type ObjectContent, readSources, type Unseen } from "./environment/objects.ts";
import { type ContainerEnvironment, environmentOf, leftOutEnvironment } from "./environment.ts";
import { ownContainers } from "./own-containers.ts";
import { type Selection, selectContainers } from "./selection.ts";

/** Looks up what an image runs, if that is not known. @throws PiggyError when it cannot be found out, saying why. */
export type ReadImageCommand = (container: Container) => Promise<ImageCommand> | ImageCommand;

export interface Lookups {
  readonly object: (object: ObjectName) => Promise<ObjectContent>;
  readonly image: ReadImageCommand;
}

export interface Decision {
  readonly container: Container;
  readonly action: "leave" | "wrap" | "unwrap";
  readonly environment: ContainerEnvironment;
  readonly argv: readonly Argument[];
  /** How the container was wrapped when it came, if it was. */
  readonly wrapping: Wrapping | undefined;
  readonly warnings: readonly string[];
}

/** An older webhook gives a standalone container no PIGGY_UID: there the injector and its volume tell. */
function isWrapped(container: Container): boolean {
  return (
    container.env.some((variable) => variable.name === "PIGGY_UID") ||
    (splitAtInjector(container) !== undefined &&
      container.volumeMounts.some((mount) => mount["name"] === INJECTOR_VOLUME))
  );
}

/**
 * Decides for every container but our own; containers are looked at side by side. Of most there is nothing to look up,
 * and nothing is waited for. @throws PiggyError
 */
export function decideAll(
  pod: Pod,
  settings: Settings,
  lookups: Lookups,
): Promise<readonly Decision[]> | readonly Decision[] {
  const asked = {
    pod,
    settings,
    selection: selectContainers(settings),
    lookups,
    allowance: allowanceOfPod(),
  };
  const decisions = ownContainers(pod).map((container) => settled(() => decide(container, asked)));
  return decisions.every(isMade) ? decisions : Promise.all(decisions);
}

/** What is thrown at once is a rejection too, so that the look-ups for other containers are not left to themselves. */
function settled(decided: () => Promise<Decision> | Decision): Promise<Decision> | Decision {
  try {
    return decided();
  } catch (error) {
    return Promise.reject(error);
  }
}

function isMade(decision: Promise<Decision> | Decision): decision is Decision {
  return !(decision instanceof Promise);
}

/** About a Pod, and what it is answered with. */
interface Asked {
  readonly pod: Pod;
  readonly settings: Settings;
  readonly selection: Selection;
  readonly lookups: Lookups;
  readonly allowance: Allowance;
}

function decide(container: Container, asked: Asked): Promise<Decision> | Decision {
  const { pod, selection, lookups, allowance } = asked;
  const leftOutBy = selection.leftOutBy(container);
  if (leftOutBy !== undefined) return leaveOut(container, leftOutBy, asked);
  const decideWith = (contents: Contents | undefined) =>
    decideByEnvironment(environmentOf(container, pod.annotations, contents, allowance), container, asked);
  const reading = readSources(container, lookups.object);
  return reading === undefined ? decideWith(undefined) : reading.then(decideWith);
}

function decideByEnvironment(
  environment: ContainerEnvironment,
  container: Container,
  { pod, settings, lookups }: Asked,
): Promise<Decision> | Decision {
  const maybeHolds = settings["piggy-unseen"] === "wrap" && environment.unseen.length > 0;
  const isNeeded = environment.holdsReference || maybeHolds;
  if (pod.os === "windows" && isNeeded && mustBeWrapped(environment)) throw windows(container);
  const wrapping = wrappingOf(container) ?? (isNeeded ? handMade(container) : undefined);
  if (wrapping !== undefined) {
    const action = isNeeded ? "wrap" : "unwrap";
    return { container, action, environment, argv: wrapping.argv, wrapping, warnings: [] };
  }
  // What an earlier admission left in one whose command and args are another's by now has to go as well.
  const left = {
    container,
    action: isWrapped(container) || environment.isStray ? "unwrap" : "leave",
    environment,
    argv: [],
    wrapping,
  } as const;
  if (!isNeeded) return { ...left, warnings: [] };
  if (pod.os === "windows") {
    return {
      ...left,
      warnings: [`container ${container.name} starts without piggy-env, which is a Linux program`],
    };
  }
  const wrapped = (image: ImageCommand | undefined): Decision => {
    const argv = argvOf(container, image);
    return { container, action: "wrap", environment, argv, wrapping: undefined, warnings: [] };
  };
  const unwrapped = (error: unknown): Decision => {
    if (mustBeWrapped(environment)) throw unknownArgv(container, environment, error);
    const { message } = asPiggyError(error, "registry_unavailable");
    return {
      ...left,
      warnings: [
        `container ${container.name} starts without piggy-env, what it runs is not known: ${message}`,
      ],
    };
  };
  try {
    const image = container.command.length > 0 ? undefined : lookups.image(container);
    return image instanceof Promise ? image.then(wrapped).catch(unwrapped) : wrapped(image);
  } catch (error) {
    return unwrapped(error);
  }
}

/** How the container was wrapped when it came, if it still is. @throws PiggyError `argv_lost` */
function wrappingOf(container: Container): Wrapping | undefined {
  return isWrapped(container) && !isReplaced(container) ? wrappingIn(container) : undefined;
}

/**
 * The injector may stand in front by the manifest's own hand. It is not ours to take away, but a second one behind it
 * would find nothing to ask with: the first takes what is ours out of the environment.
 */
function handMade(container: Container): Wrapping | undefined {
  return splitAtInjector(container) === undefined ? undefined : wrappingIn(container);
}

function wrappingIn(container: Container): Wrapping {
  return unwrap(container, variableOf(container, "PIGGY_EXPAND"));
}

/** Its author does not want it wrapped: an injector from an earlier admission goes, and nothing about it denies. */
async function leaveOut(
  container: Container,
  leftOutBy: string,
  { pod, lookups, allowance }: Asked,
): Promise<Decision> {
  const environment = await leftOutEnvironment(container, pod.annotations, lookups.object, allowance);
  const warnings = environment.holdsReference
    ? [`${leftOutBy} leaves out container ${container.name}: its references stay text`]
    : [];
  const wrapping = wrappingOf(container);
  const action = isWrapped(container) ? "unwrap" : "leave";
  return { container, action, environment, argv: wrapping?.argv ?? [], wrapping, warnings };
}

function mustBeWrapped(environment: ContainerEnvironment): boolean {
  return environment.holdsReference || environment.unseen.some(isNoExcuse);
}

/** The container may start without an optional object that is not there; one that may not be read is likely to be. */
function isNoExcuse({ optional, reason }: Unseen): boolean {
  return !optional || reason !== "absent";
}

function windows({ name }: Container): PiggyError {
  return new PiggyError(
    "os_unsupported",
    `container ${JSON.stringify(name)} holds references, or may, and the Pod is for Windows: piggy-env runs on Linux ` +
      `alone. Run it on Linux, or name the container in ${annotationName("piggy-skip-containers")}`,
  );
}

/** @throws PiggyError `argv_empty` */
function argvOf(container: Container, image: ImageCommand | undefined): readonly Argument[] {
  const argv = plainArgv(container, image);
  if (argv.length > 0) return argv;
  throw new PiggyError(
    "argv_empty",
    `image ${container.image} has neither ENTRYPOINT nor CMD, and the container no command`,
  );
}

function unknownArgv(container: Container, environment: ContainerEnvironment, cause: unknown): PiggyError {
  const { code, message } = asPiggyError(cause, "registry_unavailable");
  const hint = environment.holdsReference
    ? ""
    : ` It is looked up because ${environment.unseen
        .filter(isNoExcuse)
        .map(({ object, reason }) => `${object.kind} ${object.name} is ${reason}`)
        .join(", ")}, so it may hold references: piggysec.com/piggy-unseen: ignore takes it as holding none.`;
  return new PiggyError(
    code,
    `cannot find out what container ${JSON.stringify(container.name)} runs: ${message}. ` +
      `Set command on the container, so that the image need not be asked.${hint}`,
    { cause },
  );
}
