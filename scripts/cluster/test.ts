/**
 * `npm run test:cluster`: runs tests that start a whole cluster of one real node, each file in surroundings of its own.
 * The files are its arguments.
 */
import { fileURLToPath } from "node:url";
import { runEnclosed } from "./enclosed.ts";
import { prepareNode } from "./programs.ts";

const LIMIT_MS = 20 * 60_000;
/** For one test or hook: what waits in there says itself, and earlier, what it waits for. */
const TEST_TIMEOUT_MS = 240_000;

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
await prepareNode();
let failures = 0;
for (const file of process.argv.slice(2)) {
  const code = await runEnclosed([process.execPath, "test", `--timeout=${TEST_TIMEOUT_MS}`, file], LIMIT_MS);
  if (code !== 0) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);
