/**
 * `npm run test:cluster`: runs tests that start a whole cluster of one real node, each file in surroundings of its own.
 * The files are its arguments. What needs the network of the machine is done before.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownArchitecture } from "../bundle/architecture.ts";
import { buildContent, IMAGES } from "../images/images.ts";
import { runEnclosed } from "./enclosed.ts";
import { prepareNode } from "./programs.ts";

const LIMIT_MS = 20 * 60_000;
/** For one test or hook: what waits in there says itself, and earlier, what it waits for. */
const TEST_TIMEOUT_MS = 240_000;

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
await prepareNode();
const context = await mkdtemp(join(tmpdir(), "piggy-context-"));
let failures = 0;
try {
  for (const name of IMAGES) await buildContent(name, ownArchitecture, join(context, "dist"));
  for (const file of process.argv.slice(2)) {
    const command = [process.execPath, "test", `--timeout=${TEST_TIMEOUT_MS}`, file];
    const { exitCode, isInterrupted } = await runEnclosed(command, LIMIT_MS, {
      PIGGY_IMAGE_CONTEXT: context,
    });
    if (exitCode !== 0) failures += 1;
    if (isInterrupted) break;
  }
} finally {
  await rm(context, { recursive: true, force: true });
}
process.exit(failures === 0 ? 0 : 1);
