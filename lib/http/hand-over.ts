/**
 * A port that passes from one listening socket of ours to another without a connection lost. Two sockets that merely
 * share a port each have a queue, and what waits in the queue of one that is closed is reset: so the kernel is told to
 * lead every new connection to the newer socket first.
 * Source: Linux manual, socket(7): SO_REUSEPORT, SO_ATTACH_REUSEPORT_CBPF.
 */
import { readdir, readFile, readlink } from "node:fs/promises";

const LIBC = "libc.so.6";
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const SO_ATTACH_REUSEPORT_CBPF = 51;
/** A classic BPF program's one instruction: return a constant, here the index of a socket. */
const RETURN_CONSTANT = 0x06;

/**
 * Opens the newer socket, to which every connection goes that begins from then on.
 * @param open binds the same port with SO_REUSEPORT
 * @throws Error where the kernel does not do it; what `open` returned is given to `discard` then
 */
export async function handOver<T>(port: number, open: () => T, discard: (opened: T) => void): Promise<T> {
  const sockets = await openSockets();
  const older = await listeningOn(port);
  // Not from the start: a second server on the port would not be told that it is taken.
  for (const descriptor of older) sockets.setOption(descriptor, SO_REUSEPORT, Int32Array.of(1));
  const opened = open();
  try {
    const [newer] = (await listeningOn(port)).filter((descriptor) => !older.includes(descriptor));
    if (newer === undefined) throw new Error(`no second socket listens on port ${port}`);
    lead(sockets, newer, older.length);
    return opened;
  } catch (error) {
    discard(opened);
    throw error;
  }
}

type Sockets = Awaited<ReturnType<typeof openSockets>>;

async function openSockets() {
  const { dlopen, ptr } = await import("bun:ffi");
  const { symbols } = dlopen(LIBC, {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  });
  return {
    addressOf: ptr,
    setOption(descriptor: number, option: number, value: Int32Array | DataView): void {
      if (symbols.setsockopt(descriptor, SOL_SOCKET, option, ptr(value), value.byteLength) === 0) return;
      throw new Error(`the kernel refuses socket option ${option}`);
    },
  };
}

/** Leads all connections to the socket of this index, in the order in which they came to share their port. */
function lead({ addressOf, setOption }: Sockets, descriptor: number, index: number): void {
  const instruction = returning(index);
  setOption(descriptor, SO_ATTACH_REUSEPORT_CBPF, program(BigInt(addressOf(instruction))));
}

/** struct sock_filter. */
function returning(constant: number): DataView {
  const instruction = new DataView(new ArrayBuffer(8));
  instruction.setUint16(0, RETURN_CONSTANT, true);
  instruction.setUint32(4, constant, true);
  return instruction;
}

/** struct sock_fprog of one instruction. */
function program(address: bigint): DataView {
  const pointer = new DataView(new ArrayBuffer(16));
  pointer.setUint16(0, 1, true);
  pointer.setBigUint64(8, address, true);
  return pointer;
}

/** The descriptors of this process that listen on a port. Source: Linux manual, proc_pid_net(5) and proc_pid_fd(5). */
async function listeningOn(port: number): Promise<readonly number[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readTable(`/proc/self/net/${name}`)));
  const sockets = new Set(tables.flatMap((table) => inodesIn(table, port)));
  const descriptors = await readdir("/proc/self/fd");
  const links = await Promise.all(
    descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")),
  );
  return descriptors.flatMap((name, index) => (sockets.has(links[index] ?? "") ? [Number(name)] : []));
}

/** A machine without IPv6 has no table of it. */
async function readTable(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

const LISTENING = "0A";

function inodesIn(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const [, local = "", , state] = columns;
    return local.endsWith(suffix) && state === LISTENING ? [`socket:[${columns[9]}]`] : [];
  });
}
