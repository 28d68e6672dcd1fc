/** The second round, as seen from outside: it is a process in namespaces of its own, see programs/enclosed.c. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Measurement } from "../interleave.ts";
import { RESOLV_CONF } from "./distance.ts";
import type { Programs } from "./programs.ts";

const ENCLOSED = fileURLToPath(new URL("enclosed.ts", import.meta.url));

/** programs/enclosed.c's. */
const NOT_PERMITTED = 77;

/** What the enclosed process is told, in its one argument. */
export interface Order {
  readonly programs: Programs;
  readonly directory: string;
  readonly rounds: number;
}

export type Far =
  | { readonly measurements: readonly Measurement[] }
  /** Why this machine could not do it. */
  | { readonly skipped: string };

export async function measureFar(order: Order): Promise<Far> {
  const resolvConf = join(order.directory, "resolv.conf");
  await writeFile(resolvConf, RESOLV_CONF);
  const child = Bun.spawn(
    [order.programs.enclosed, resolvConf, process.execPath, ENCLOSED, JSON.stringify(order)],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code === NOT_PERMITTED) return { skipped: errors.trim() };
  if (code !== 0) throw new Error(`the far round failed:\n${errors}`);
  const measurements: readonly Measurement[] = JSON.parse(output);
  return { measurements };
}
