/** A program as a process, and what it costs. */
import { openSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../test/support/free-port.ts";
import { type Place, placed } from "./places.ts";

export interface Process {
  readonly name: string;
  /** Microseconds of processor time so far. */
  cpuTime(): Promise<number>;
  /** Bytes that it holds now. */
  memory(): Promise<number>;
  /** Files and connections that it has open now. */
  descriptors(): Promise<number>;
  stop(): Promise<void>;
}

export interface Server extends Process {
  /** HOST:PORT. */
  readonly address: string;
}

export interface ServerStart {
  readonly name: string;
  readonly command: readonly string[];
  /** Besides LISTEN_ADDRESS. */
  readonly environment: Readonly<Record<string, string>>;
  /** PEM that its certificate is verified by. */
  readonly ca: string;
  /** Where its log goes. */
  readonly directory: string;
}

const START_TIMEOUT_MS = 20_000;
const HOST = "127.0.0.1";

/** Starts a server and waits until it answers. @throws Error when it does not */
export async function startServer(start: ServerStart): Promise<Server> {
  const address = `${HOST}:${freePort()}`;
  const environment = { ...start.environment, LISTEN_ADDRESS: address };
  const server = { ...startProcess("server", { ...start, environment }), address };
  try {
    await untilReady(`https://${address}/healthz`, start.ca);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Starts a program with exactly this environment. All that it prints goes to a file, as its log would. */
export function startProcess(place: Place, start: Omit<ServerStart, "ca">): Process {
  const { name, command, environment, directory } = start;
  const log = openSync(join(directory, `${name.replaceAll(" ", "-")}.log`), "w");
  const child = Bun.spawn([...placed(place, command)], {
    cwd: directory,
    env: { ...environment },
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  return {
    name,
    cpuTime: () => cpuTimeOf(child.pid),
    memory: () => memoryOf(child.pid),
    descriptors: async () => (await readdir(`/proc/${child.pid}/fd`)).length,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function untilReady(url: string, ca: string): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const { ok } = await fetch(url, { tls: { ca } });
      if (ok) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await Bun.sleep(20);
  }
}

/** What the kernel counts in, on every architecture of Linux. Source: proc_pid_stat(5), sysconf(_SC_CLK_TCK). */
const TICK_MICROSECONDS = 10_000;

/** All threads, in and outside of the kernel. Source: proc_pid_stat(5), utime and stime. */
async function cpuTimeOf(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/stat`).text();
  // The name of the program, in brackets, may hold spaces.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) * TICK_MICROSECONDS;
}

async function memoryOf(pid: number): Promise<number> {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await Bun.file(`/proc/${pid}/status`).text()) ?? [];
  return Number(kibibytes) * 1024;
}
