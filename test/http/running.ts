/** piggy-webhooks as a process that may end before it listens. */
import { fileURLToPath } from "node:url";
import { type LogLine, startWebhook } from "../support/webhook.ts";

const SERVER = fileURLToPath(new URL("../../server.ts", import.meta.url));

export interface Ending {
  readonly exitCode: number;
  readonly lines: readonly LogLine[];
}

/** A name that nobody knows can take its time. */
const LONGEST_END_MS = 60_000;

/** Runs the server to an end that it must come to by itself: one that does not start. */
export async function runToItsEnd(environment: Readonly<Record<string, string>>): Promise<Ending> {
  const child = Bun.spawn([process.execPath, SERVER], {
    cwd: "/",
    env: { ...environment },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_END_MS);
  const [output, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
  clearTimeout(timer);
  const lines = output.trimEnd().split("\n");
  return { exitCode, lines: lines.map((line): LogLine => JSON.parse(line)) };
}

/** A webhook for the length of a call. */
export async function whileRunning<T>(
  environment: Readonly<Record<string, string>>,
  call: (webhook: Awaited<ReturnType<typeof startWebhook>>) => Promise<T>,
): Promise<T> {
  const webhook = await startWebhook(environment);
  try {
    return await call(webhook);
  } finally {
    await webhook.stop();
  }
}
