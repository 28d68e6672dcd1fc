/** Which containers the Pod's author wants wrapped: `piggy-containers` and `piggy-skip-containers`. */
import type { Container, Pod } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { ownContainers } from "./own-containers.ts";

const ONLY = "piggy-containers";
const SKIP = "piggy-skip-containers";

export interface Selection {
  /** The annotation that leaves the container out, if one does. */
  readonly leftOutBy: (container: Container) => string | undefined;
}

/** A container that both lists name is skipped: to leave out is the more particular wish. */
export function selectContainers(settings: Settings): Selection {
  const only = namesIn(settings[ONLY]);
  const skip = namesIn(settings[SKIP]);
  return {
    leftOutBy({ name }) {
      if (skip.has(name)) return annotationName(SKIP);
      return only.size > 0 && !only.has(name) ? annotationName(ONLY) : undefined;
    },
  };
}

/** A misspelt name would silently be no wish at all, or leave the container that was meant without its secrets. */
export function unknownContainers(pod: Pod, settings: Settings): readonly string[] {
  if (!settings[ONLY] && !settings[SKIP]) return [];
  const known = new Set(ownContainers(pod).map(({ name }) => name));
  return ([ONLY, SKIP] as const).flatMap((setting) => {
    const unknown = [...namesIn(settings[setting])].filter((name) => !known.has(name));
    if (unknown.length === 0) return [];
    return [`${annotationName(setting)}: the Pod has no container ${unknown.join(", ")}`];
  });
}

const NONE: ReadonlySet<string> = new Set();

function namesIn(list: string | undefined): ReadonlySet<string> {
  if (!list) return NONE;
  const names = list.split(",").map((name) => name.trim());
  return new Set(names.filter((name) => name !== ""));
}
