/** piggy-webhooks as a process of its own, as its container would start it. */
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const SERVER = fileURLToPath(new URL("../../server.ts", import.meta.url));
/** Both less than a test may take, whose own limit says nothing of why. */
const START_TIMEOUT_MS = 50_000;
const LOG_TIMEOUT_MS = 50_000;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface WebhookProcess {
  /** HOST:PORT that it said it listens on. */
  readonly address: string;
  /** HOST:PORT of its metrics and probes without TLS, or `off`. */
  readonly metricsAddress: string;
  readonly log: readonly LogLine[];
  /** Resolves when its probe says that requests may come. */
  ready(): Promise<void>;
  /** The first line from the given one on that is meant; rejects when there is none within a minute. */
  logged(isMeant: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  /** Every byte that it wrote, for looking for what must not be in it. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number>;
  stop(): Promise<void>;
}

/** Starts the server with exactly this environment and waits until it listens. @throws Error with its output */
export async function startWebhook(
  environment: Readonly<Record<string, string>>,
  program: readonly string[] = [process.execPath, SERVER],
): Promise<WebhookProcess> {
  const child = Bun.spawn([...program], {
    // A folder that has nothing of the project's: Bun would read a .env or bunfig.toml from it.
    cwd: "/",
    env: { ...environment },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const log: LogLine[] = [];
  const readers = new Set<() => void>();
  let output = "";
  const { promise: listening, resolve, reject } = Promise.withResolvers<LogLine>();
  const read = async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of child.stderr) {
      const text = decoder.decode(chunk, { stream: true });
      output += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const entry = parseLine(line);
        log.push(entry);
        for (const reader of readers) reader();
        if (entry.message === "listening") resolve(entry);
      }
    }
    reject(new Error(`piggy-webhooks ended before it listened:\n${output}`));
  };
  void read();
  const timer = setTimeout(
    () => reject(new Error(`piggy-webhooks does not listen:\n${output}`)),
    START_TIMEOUT_MS,
  );
  try {
    const { address, metrics } = await listening;
    return {
      address: String(address),
      metricsAddress: String(metrics),
      log,
      ready: () => until(async () => (await fetch(`http://${metrics}/readyz`)).ok),
      logged: (isMeant, from = 0) => firstLine(log, readers, isMeant, from),
      output: () => output,
      signal: (name) => child.kill(name),
      exited: child.exited,
      async stop() {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function firstLine(
  log: readonly LogLine[],
  readers: Set<() => void>,
  isMeant: (line: LogLine) => boolean,
  from: number,
): Promise<LogLine> {
  const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
  const timer = setTimeout(() => reject(new Error("piggy-webhooks logged no such line")), LOG_TIMEOUT_MS);
  const look = () => {
    const found = log.slice(from).find(isMeant);
    if (found !== undefined) resolve(found);
  };
  readers.add(look);
  look();
  return promise.finally(() => {
    clearTimeout(timer);
    readers.delete(look);
  });
}

function parseLine(line: string): LogLine {
  try {
    const entry: LogLine = JSON.parse(line);
    return entry;
  } catch {
    return { level: "unreadable", message: line };
  }
}
