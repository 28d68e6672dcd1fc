/** What a process has open, by what it is for. Source: Linux manual, proc_pid_fd(5) and proc_pid_net(5). */
import { readdir, readFile, readlink } from "node:fs/promises";

/** How many of each kind. */
export type Descriptors = Readonly<Record<string, number>>;

const LISTENING = "0A";
const KEPT = "to port ";

/** @throws Error when the process has ended */
export async function descriptorsOf(pid: number): Promise<Descriptors> {
  const directory = `/proc/${pid}/fd`;
  const [names, sockets] = await Promise.all([readdir(directory), socketsOf(pid)]);
  const links = await Promise.all(names.map((name) => readlink(`${directory}/${name}`).catch(() => "")));
  const counts: Record<string, number> = {};
  // What was closed meanwhile has no link any more.
  for (const link of links.filter(Boolean)) {
    const kind = kindOf(link, sockets);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** To another's port: kept for the next call, opened and let go as calls come. */
export function keptOf(descriptors: Descriptors): number {
  return sum(Object.entries(descriptors).filter(([kind]) => isKept(kind)));
}

/** All that are no connections to another. */
export function ownOf(descriptors: Descriptors): number {
  return sum(Object.entries(descriptors).filter(([kind]) => !isKept(kind)));
}

function isKept(kind: string): boolean {
  return kind.startsWith(KEPT);
}

function sum(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((all, [, count]) => all + count, 0);
}

function kindOf(link: string, sockets: ReadonlyMap<string, string>): string {
  const [, type, inode = ""] = /^(\w+):\[(\w+)\]$/.exec(link) ?? [];
  if (type === "socket") return sockets.get(inode) ?? "other socket";
  if (type === "anon_inode") return inode;
  return type ?? "file";
}

/** By inode: to whom each connection is. */
async function socketsOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8").catch(() => "")),
  );
  const rows = tables.flatMap((table) => table.split("\n").slice(1).filter(Boolean).map(rowOf));
  const served = new Set(rows.filter(({ state }) => state === LISTENING).map(({ local }) => local));
  return new Map(
    rows.map(({ inode, local, remote, state }) => {
      if (state === LISTENING) return [inode, `listens on ${local}`];
      return [inode, served.has(local) ? `accepted on ${local}` : `${KEPT}${remote}`];
    }),
  );
}

function rowOf(line: string) {
  const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
  return { local: portOf(local), remote: portOf(remote), state, inode };
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}
