/**
 * Every line of every container of some namespaces, as the node writes it down. A container's output is read from where
 * it is written, so that it is seen as well while the API server is away, and of a container that is gone by now.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

export interface LogLine {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** How many of this container in this Pod there were before it. */
  readonly start: number;
  readonly text: string;
}

export interface Follower {
  /** Reads what is there by now, and ends. */
  stop(): Promise<void>;
}

interface Followed extends Omit<LogLine, "text"> {
  readonly descriptor: number;
  offset: number;
  rest: string;
  /** The beginning of a line that was too long for one. */
  part: string;
  /** Of looks at the folder since it was there last. */
  missing: number;
}

const EVERY_MS = 200;
/** What a container wrote as it ended may come after its file was removed. */
const LOOKS_AFTER_ITS_END = 10;
const PIECE = 256 * 1024;

/** @param folder the kubelet's podLogsDir. @throws what `onLine` throws, in `stop` */
export function followLogs(
  folder: string,
  namespaces: readonly string[],
  onLine: (line: LogLine) => void,
): Follower {
  const followed = new Map<number, Followed>();
  const piece = Buffer.alloc(PIECE);
  let isStopped = false;
  const look = () => {
    const seen = new Set<number>();
    for (const file of filesIn(folder, namespaces)) {
      const inode = follow(file, followed);
      if (inode !== undefined) seen.add(inode);
    }
    for (const [inode, each] of followed) {
      readOn(each, piece, onLine);
      each.missing = seen.has(inode) ? 0 : each.missing + 1;
      if (each.missing < LOOKS_AFTER_ITS_END) continue;
      closeSync(each.descriptor);
      followed.delete(inode);
    }
  };
  const done = (async () => {
    while (!isStopped) {
      look();
      await Bun.sleep(EVERY_MS);
    }
    look();
    for (const { descriptor } of followed.values()) closeSync(descriptor);
  })();
  done.catch(() => {});
  return {
    stop() {
      isStopped = true;
      return done;
    },
  };
}

interface LogFile extends Omit<LogLine, "text"> {
  readonly path: string;
}

/** Source: the kubelet's layout, NAMESPACE_POD_UID/CONTAINER/START.log; one that was rotated has a time behind it. */
function* filesIn(folder: string, namespaces: readonly string[]): Generator<LogFile> {
  for (const name of entriesOf(folder)) {
    const [namespace = "", pod = ""] = name.split("_");
    if (!namespaces.includes(namespace)) continue;
    for (const container of entriesOf(join(folder, name))) {
      for (const file of entriesOf(join(folder, name, container))) {
        const start = Number(/^(\d+)\.log(\.\d{8}-\d{6})?$/.exec(file)?.[1]);
        if (!Number.isNaN(start))
          yield { namespace, pod, container, start, path: join(folder, name, container, file) };
      }
    }
  }
}

/** Whatever is not there any more has nothing in it. */
function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** @returns its inode; undefined where it has just gone */
function follow({ path, ...names }: LogFile, followed: Map<number, Followed>): number | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    return undefined;
  }
  const { ino } = fstatSync(descriptor);
  if (followed.has(ino)) closeSync(descriptor);
  else followed.set(ino, { ...names, descriptor, offset: 0, rest: "", part: "", missing: 0 });
  return ino;
}

function readOn(each: Followed, piece: Buffer, onLine: (line: LogLine) => void): void {
  for (;;) {
    const length = readSync(each.descriptor, piece, 0, PIECE, each.offset);
    if (length === 0) return;
    each.offset += length;
    const lines = (each.rest + piece.toString("utf8", 0, length)).split("\n");
    each.rest = lines.pop() ?? "";
    for (const line of lines) {
      const text = textOf(each, line);
      if (text === undefined) continue;
      const { namespace, pod, container, start } = each;
      onLine({ namespace, pod, container, start, text });
    }
  }
}

/** Source: Kubernetes, "CRI logging format": TIME STREAM TAG TEXT, where the tag P says that the line goes on. */
function textOf(each: Followed, line: string): string | undefined {
  const [, tag, text = ""] = /^\S+ (?:stdout|stderr) ([FP])\S* (.*)$/.exec(line) ?? [];
  if (tag === undefined) return undefined;
  const whole = each.part + text;
  each.part = tag === "P" ? whole : "";
  return tag === "P" ? undefined : whole;
}
