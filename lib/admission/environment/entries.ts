/** What a container's environment asks of store entries of their own, and what is to be recorded of it. */
import { asPiggyError, PiggyError } from "../../error.ts";
import { escapeForKubelet, mentionedNames } from "../../expansion.ts";
import type { JsonObject } from "../../json.ts";
import { isStoreEntry } from "../../reference/reference.ts";
import { parseStoreEntry } from "../../reference/store-entry.ts";
import { type Part, parseValue } from "../../reference/value.ts";
import { writtenEntries } from "../../reference/written-entries.ts";

export interface StoreEntries {
  /** What stands after `piggy:` in each of them. */
  readonly keys: ReadonlySet<string>;
  /** The first variable that has one. */
  readonly firstIn: string | undefined;
  /** The first that has one which mentions what only the kubelet will know. */
  readonly openIn: string | undefined;
  /** The first that has one whose name holds text of a Kubernetes Secret. */
  readonly hiddenIn: string | undefined;
  /** Whether there are references of the other kind, to what the Pod is given. */
  readonly areBesideKeys: boolean;
}

export const NO_ENTRIES: StoreEntries = {
  keys: new Set(),
  firstIn: undefined,
  openIn: undefined,
  hiddenIn: undefined,
  areBesideKeys: false,
};

/** A container's, found variable by variable. */
export interface Finding {
  /**
   * @param isHidden whether there is more of a Secret in it than references: then it is neither recorded nor told
   * @throws PiggyError `reference_invalid`
   */
  add(variable: string, parts: readonly Part[], isHidden: boolean): void;
  result(): StoreEntries;
}

/** @param isOpen whether a variable is, or may be, set to something that is not known yet */
export function findEntries(container: string, isOpen: (name: string) => boolean): Finding {
  const keys = new Set<string>();
  let firstIn: string | undefined;
  let openIn: string | undefined;
  let hiddenIn: string | undefined;
  let areBesideKeys = false;
  return {
    add(variable, parts, isHidden) {
      for (const part of parts) {
        if (typeof part === "string") continue;
        if (!isStoreEntry(part.key)) {
          areBesideKeys = true;
          continue;
        }
        firstIn ??= variable;
        if (isHidden) {
          hiddenIn ??= variable;
          continue;
        }
        check(part.key, container, variable);
        keys.add(part.key);
        if (openIn === undefined && mentionedNames(part.key).some(isOpen)) openIn = variable;
      }
    },
    result: () => ({ keys, firstIn, openIn, hiddenIn, areBesideKeys }),
  };
}

/** Whether a value, as the kubelet expands it, names store entries besides those that are written in it. */
export function namesOtherEntries(value: string, expanded: string): boolean {
  const written = writtenEntries([value]);
  const isOther = (part: Part) =>
    typeof part !== "string" && isStoreEntry(part.key) && !written.has(part.key);
  return (parseValue(expanded) ?? []).some(isOther);
}

function check(key: string, container: string, name: string): void {
  try {
    parseStoreEntry(key);
  } catch (error) {
    const { code, message } = asPiggyError(error, "reference_invalid");
    throw new PiggyError(code, `container ${JSON.stringify(container)}: ${name}: ${message}`, {
      cause: error,
    });
  }
}

/** The kernel takes no longer variable than 128 KiB, name and end included. Source: execve(2), MAX_ARG_STRLEN. */
const LONGEST_RECORD = 128 * 1024 - 64;

/**
 * PIGGY_REFERENCES: a JSON list of the entries that do not stand in the container's `env`, for they come from ConfigMaps,
 * Secrets or the kubelet's expansion. What it does not say, and `env` does not, nobody will be given.
 * @throws PiggyError `injection_impossible` for more than a variable can hold
 */
export function recordedEntries(
  container: string,
  { keys }: StoreEntries,
  env: readonly JsonObject[],
): readonly JsonObject[] {
  const written = writtenEntries(env.flatMap(({ value }) => (typeof value === "string" ? [value] : [])));
  const recorded = [...keys].filter((key) => !written.has(key)).sort();
  if (recorded.length === 0) return [];
  const value = escapeForKubelet(JSON.stringify(recorded));
  if (Buffer.byteLength(value) <= LONGEST_RECORD) return [{ name: "PIGGY_REFERENCES", value }];
  throw new PiggyError(
    "injection_impossible",
    `container ${JSON.stringify(container)}: ConfigMaps, Secrets and other variables name ${recorded.length} secrets and ` +
      "parameters of their own, more than a variable can record: write them in env, or use fewer",
  );
}
