/**
 * `npm run audit`: what is known against the packages that are shipped, by npm. Fails on what is high or critical, and
 * where nobody could be asked; a registry that keeps no list is said and is no failure.
 */
import { fileURLToPath } from "node:url";
import { judgeAudit } from "./audit/judge.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const child = Bun.spawn(["npm", "audit", "--omit=dev", "--json"], {
  cwd: ROOT,
  stdin: "ignore",
  stdout: "pipe",
  stderr: "ignore",
});
const [output] = await Promise.all([child.stdout.text(), child.exited]);
const { isFailure, lines } = judgeAudit(output);
for (const line of lines) console.log(line);
process.exit(isFailure ? 1 : 0);
