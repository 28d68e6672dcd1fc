/** `npm run check`: format, lint and types. Every check runs; any that fails makes this fail. */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const checks = [
  ["format and lint", "biome", "check", "."],
  ["types", "tsc", "--noEmit"],
] as const;

let failed = 0;
for (const [name, program, ...parameters] of checks) {
  const child = Bun.spawnSync([`${root}node_modules/.bin/${program}`, ...parameters], {
    cwd: root,
    stdout: "inherit",
    stderr: "inherit",
  });
  console.log(`${child.success ? "ok    " : "FAILED"} ${name}`);
  if (!child.success) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
