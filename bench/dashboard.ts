/**
 * `npm run bench -- dashboard [--minutes N]`: two replicas live through what happens in a cluster while they are
 * scraped, and the dashboard of the chart is drawn as its own queries answer: docs/dashboard.svg.
 */
import { fileURLToPath } from "node:url";
import type { BenchOptions } from "./bench-options.ts";
import type { Claim } from "./claim.ts";
import { answerPanels } from "./dashboard/panels.ts";
import { drawDashboard } from "./dashboard/picture.ts";
import { play, STORY } from "./dashboard/scenario.ts";
import { createKept } from "./dashboard/series.ts";
import { thisMachine } from "./machine.ts";
import { save } from "./save.ts";

const DASHBOARD = new URL("../charts/piggy-webhooks/dashboard.json", import.meta.url);
const PICTURE = fileURLToPath(new URL("../docs/dashboard.svg", import.meta.url));
const MINUTES = 3;
const STEP_S = 2;

/** Claims nothing: it shows what is to be seen. @throws Error for a panel that shows nothing */
export async function benchDashboard({ minutes = MINUTES }: BenchOptions): Promise<readonly Claim[]> {
  const seconds = minutes * 60;
  const kept = createKept();
  const epoch = await play(seconds, kept);
  const dashboard: unknown = await Bun.file(DASHBOARD).json();
  const panels = answerPanels(dashboard, kept.series(), { epoch, seconds, step: STEP_S });
  for (const { title, lines } of panels)
    console.log(`${title}: ${lines.map(({ legend }) => legend).join(", ")}`);
  const { date, processor, kernel } = thisMachine();
  const notes = [
    "Two replicas of piggy-webhooks on a machine with all that they ask, scraped every two seconds; rates over 20 s.",
    STORY,
    `${processor}, Linux ${kernel}, ${date.slice(0, 10)}. Drawn from dashboard.json's own queries by npm run bench -- dashboard.`,
  ];
  await save(PICTURE, drawDashboard({ title: "The dashboard of piggy-webhooks", panels, seconds, notes }));
  return [];
}
