/**
 * What the launcher noted and hid before it became this process: PIGGY_LAUNCHER, the first variable, in front of the
 * environment that the container was given. See with_front in launcher/launcher.c.
 */

const RECORD = /^PIGGY_LAUNCHER=1 (\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ((?:,\d+)*) ((?:,\d+)*)$/;

/** The record, and the variables that are for the injector alone. */
const IN_FRONT = 3;

const HIDDEN = 0x80;

/** What Bun changes of a process at its start, as it was before. */
export interface ProcessState {
  /** RLIMIT_NOFILE; 2^64-1 is no limit. */
  readonly openFiles: { readonly soft: bigint; readonly hard: bigint };
  /** Bit 0 is signal 1. */
  readonly ignoredSignals: bigint;
  readonly blockedSignals: bigint;
  /** Those from 3 up that a program started in this one's place inherits. */
  readonly descriptors: readonly number[];
}

export interface Launch {
  /** The container's environment, in order, as bytes. */
  readonly environment: readonly string[];
  /** Undefined when the injector was started without its launcher. */
  readonly state: ProcessState | undefined;
}

export function readLaunch(entries: readonly string[]): Launch {
  const record = RECORD.exec(entries[0] ?? "");
  if (record === null) return { environment: entries, state: undefined };
  const [, soft = "", hard = "", ignored = "", blocked = "", descriptors = "", left = ""] = record;
  // By position: a name may have the hidden form on its own account.
  const notHidden = new Set(numbersIn(left));
  return {
    environment: entries
      .slice(IN_FRONT)
      .map((entry, index) => (notHidden.has(index) ? entry : reveal(entry))),
    state: {
      openFiles: { soft: BigInt(soft), hard: BigInt(hard) },
      ignoredSignals: BigInt(`0x${ignored}`),
      blockedSignals: BigInt(`0x${blocked}`),
      descriptors: numbersIn(descriptors),
    },
  };
}

/** Each number stands behind a comma. */
function numbersIn(list: string): readonly number[] {
  return list.split(",").slice(1).map(Number);
}

function reveal(entry: string): string {
  return String.fromCharCode(entry.charCodeAt(0) & ~HIDDEN) + entry.slice(1);
}
