import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { ContainerError } from "./container-error.ts";

export interface ProcessRequest {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeoutMs: number;
}

export interface ProcessResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Throws a ContainerError for a program that cannot be started. */
export async function runProcess({
  argv,
  environment,
  cwd,
  timeoutMs,
}: ProcessRequest): Promise<ProcessResult> {
  const [program = "", ...rest] = argv;
  if (!isDirectory(cwd)) throw new ContainerError("StartError", `chdir to "${cwd}": no such directory`);
  // A process group of its own, so that the timeout ends what the container has started as well.
  const child = Bun.spawn([lookUp(program, environment["PATH"] ?? "", cwd), ...rest], {
    argv0: program,
    cwd,
    env: { ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const timer = setTimeout(() => killGroup(child.pid), timeoutMs);
  const output = Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  clearTimeout(timer);
  // A container ends with its first process, whatever that has left behind.
  killGroup(child.pid);
  const [stdout, stderr] = await output;
  const signal = child.signalCode === null ? null : String(child.signalCode);
  return { exitCode: signal === null ? child.exitCode : null, signal, stdout, stderr };
}

/** A runtime searches the container's PATH for a name without a slash; it has no other. */
function lookUp(program: string, path: string, cwd: string): string {
  const candidates = program.includes("/")
    ? [program.startsWith("/") ? program : join(cwd, program)]
    : path.split(":").map((folder) => join(folder || ".", program));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  const why = program.includes("/") ? "no such executable file" : "executable file not found in $PATH";
  throw new ContainerError("StartError", `exec: "${program}": ${why}`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group has ended by itself meanwhile.
  }
}
