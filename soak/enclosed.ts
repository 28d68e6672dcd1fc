/** A run from inside of what it takes place in. It reads its Order from its argument and writes SoakResults as JSON to the file that is named there. */
import { writeFile } from "node:fs/promises";
import { livesFor } from "./lives.ts";
import type { Order } from "./order.ts";
import { reportOf } from "./report.ts";
import { runSoak } from "./run.ts";
import { setStage } from "./stage.ts";

const { seconds, seed, output }: Order = JSON.parse(process.argv[2] ?? "");
const stage = await setStage(livesFor(seconds));
try {
  const seen = await runSoak(stage, { seconds, seed, print: console.log });
  await writeFile(output, JSON.stringify(reportOf(seen, seconds, seed)));
} finally {
  await stage.stop();
}
process.exit(0);
