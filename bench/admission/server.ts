/** A webhook as a process, and what it costs. */
import { openSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../../test/support/world.ts";
import { placed } from "./places.ts";

export interface Server {
  readonly name: string;
  /** HOST:PORT. */
  readonly address: string;
  /** Microseconds of processor time so far. */
  cpuTime(): Promise<number>;
  /** Bytes that it holds now. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const HOST = "127.0.0.1";

/** Starts a program with the world's environment and waits until it answers. Its log goes to a file, as it would. */
export async function startServer(
  name: string,
  program: string,
  world: World,
  directory: string,
): Promise<Server> {
  const address = `${HOST}:${freePort()}`;
  const child = Bun.spawn([...placed("server", [program])], {
    cwd: directory,
    env: { ...world.environment, LISTEN_ADDRESS: address },
    stdin: "ignore",
    stdout: "ignore",
    stderr: openSync(join(directory, `${name}.log`), "w"),
  });
  const server: Server = {
    name,
    address,
    cpuTime: () => cpuTimeOf(child.pid),
    memory: () => memoryOf(child.pid),
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
  try {
    await untilReady(`https://${address}/healthz`, world.authority.pem);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
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

function freePort(): number {
  const listener = Bun.listen({ hostname: HOST, port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
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
