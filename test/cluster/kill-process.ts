import { readdir, readFile } from "node:fs/promises";

/** Of a container, by what it runs: it sees no other's processes, and we see them all. @throws Error unless there is one */
export async function killProcess(argv: readonly string[]): Promise<void> {
  const cmdline = argv.map((argument) => `${argument}\0`).join("");
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (text === cmdline) found.push(Number(name));
  }
  const [pid, ...others] = found;
  if (pid === undefined || others.length > 0) throw new Error(`${found.length} processes run ${argv}`);
  process.kill(pid, "SIGKILL");
}
