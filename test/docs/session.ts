/** A terminal: commands one after the other in one shell, as whoever follows a page types them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Session {
  /** Runs a script in the shell. @returns what was to be seen @throws Error with that, where a command of it failed */
  run(script: string): Promise<string>;
  end(): Promise<void>;
}

/** In a folder, with this environment alone. A command that fails ends it. */
export async function startSession(
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), "piggy-session-"));
  const shell = Bun.spawn(["bash", "--noprofile", "--norc", "-euo", "pipefail"], {
    cwd,
    env: { ...environment },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = shell.stdout.getReader();
  let count = 0;
  return {
    async run(script) {
      count += 1;
      const [file, seen] = [join(folder, `${count}.sh`), join(folder, `${count}.txt`)];
      await writeFile(file, script);
      // The shell's own output says no more than that it has come to the end.
      shell.stdin.write(`source '${file}' >'${seen}' 2>&1 </dev/null\necho done\n`);
      await shell.stdin.flush();
      const { done } = await reader.read();
      const text = await readFile(seen, "utf8").catch(() => "");
      if (done) throw new Error(`failed:\n${script}\nwith:\n${text}`);
      return text;
    },
    async end() {
      shell.kill("SIGKILL");
      await shell.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Of the machine's environment what says where things are. */
export function plainEnvironment(): Readonly<Record<string, string>> {
  const names = ["PATH", "HOME", "TMPDIR", "CC", "PIGGY_BUILD_CACHE"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
