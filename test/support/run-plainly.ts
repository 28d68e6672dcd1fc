/** A program as a process of its own, from its start to its end. */

export interface Ended {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with this environment alone. */
export async function runPlainly(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  cwd = "/",
): Promise<Ended> {
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { pid: child.pid, exitCode: child.exitCode, stdout, stderr };
}
