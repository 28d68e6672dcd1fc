/** Programs that run beside the tests, each with its output in a file, and ended with them. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Background {
  /** Resolves when `isReady` says yes. @throws Error with the program's last words when it ends, or it takes too long */
  ready(isReady: () => Promise<boolean>): Promise<void>;
  /** Ends it: asked first, then made to. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const LAST_WORDS = 4_000;

const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
// Ended from outside, the tests end what they started: by default nothing would be run any more.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

/** Starts a program with this environment, and none of the machine's. */
export function startBackground(
  name: string,
  command: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Background {
  const file = join(directory, `${name}.log`);
  const output = openSync(file, "w");
  const child = Bun.spawn([...command], {
    cwd: directory,
    env: { ...environment },
    stdin: "ignore",
    stdout: output,
    stderr: output,
  });
  closeSync(output);
  running.add(child);
  const lastWords = () => readFileSync(file, "utf8").slice(-LAST_WORDS);
  return {
    async ready(isReady) {
      const end = Date.now() + READY_TIMEOUT_MS;
      while (!(await isReady().catch(() => false))) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`${name} ended before it was ready:\n${lastWords()}`);
        if (Date.now() > end) throw new Error(`${name} is not ready in time:\n${lastWords()}`);
        await Bun.sleep(50);
      }
    },
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await child.exited;
      clearTimeout(timer);
      running.delete(child);
    },
  };
}
