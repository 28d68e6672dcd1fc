/** Every file that `npm run generate` writes in whole or in part, from where it stands first. */
import { drawAdmission } from "../../bench/admission/picture.ts";
import { drawInjector } from "../../bench/injector/picture.ts";
import { drawPodStart } from "../../bench/pod-start/picture.ts";
import { drawSecret } from "../../bench/secret/picture.ts";
import { drawSoak } from "../../soak/picture.ts";
import { defaultEnvironment } from "../chart/default-environment.ts";
import { environmentSchema } from "../chart/environment-schema.ts";
import { sectionDefaults } from "../chart/section-defaults.ts";
import { valuesTable } from "../chart/values-table.ts";
import { operatingParts } from "./operating-parts.ts";
import { optimizingParts } from "./optimizing-parts.ts";
import { withParts } from "./parts.ts";
import { performanceParts } from "./performance-parts.ts";
import { readmeParts } from "./readme-parts.ts";
import { releasingParts } from "./releasing-parts.ts";
import { readResults } from "./results.ts";
import { annotationParts, settingParts } from "./settings-pages.ts";
import { soakParts } from "./soak-parts.ts";

export type Read = (file: string) => Promise<string>;

/** What a file is to hold, by what it holds now and what the other files do. Paths are the repository's. */
export interface Generated {
  readonly file: string;
  content(now: string, read: Read): Promise<string>;
}

const CHART = "charts/piggy-webhooks";

export const generatedFiles: readonly Generated[] = [
  {
    file: `${CHART}/values.schema.json`,
    async content(now) {
      const schema = JSON.parse(now);
      schema.properties.env = environmentSchema();
      return JSON.stringify(schema, undefined, 2);
    },
  },
  {
    file: `${CHART}/templates/_defaults.tpl`,
    content: async (_now, read) =>
      sectionDefaults(
        await read(`${CHART}/values.yaml`),
        JSON.parse(await read(`${CHART}/values.schema.json`)),
      ),
  },
  {
    file: `${CHART}/README.md`,
    content: async (now, read) => withParts(now, { values: valuesTable(await read(`${CHART}/values.yaml`)) }),
  },
  {
    file: "README.md",
    async content(now, read) {
      const [values, chart] = [await read(`${CHART}/values.yaml`), await read(`${CHART}/Chart.yaml`)];
      const parts = await readmeParts(now, await readResults(read), defaultEnvironment(values, chart));
      return withParts(now, parts);
    },
  },
  { file: "docs/annotations.md", content: async (now) => withParts(now, annotationParts()) },
  { file: "docs/settings.md", content: async (now) => withParts(now, settingParts()) },
  {
    file: "docs/performance.md",
    content: async (now, read) => withParts(now, performanceParts(await readResults(read))),
  },
  {
    file: "docs/optimizing.md",
    content: async (now, read) => withParts(now, optimizingParts(await readResults(read))),
  },
  {
    file: "docs/operating.md",
    content: async (now, read) => withParts(now, operatingParts(await readResults(read))),
  },
  {
    file: "docs/releasing.md",
    content: async (now, read) => withParts(now, releasingParts(await readResults(read))),
  },
  {
    file: "docs/soak.md",
    content: async (now, read) => withParts(now, soakParts(await readResults(read))),
  },
  {
    file: "docs/soak.svg",
    content: async (_now, read) => drawSoak((await readResults(read)).soak),
  },
  {
    file: "docs/bench-admission.svg",
    async content(_now, read) {
      const { admission } = await readResults(read);
      return drawAdmission(admission.measurements, admission);
    },
  },
  {
    file: "docs/bench-injector.svg",
    async content(_now, read) {
      const { injector } = await readResults(read);
      return drawInjector(injector.measurements, injector);
    },
  },
  {
    file: "docs/bench-pod-start.svg",
    async content(_now, read) {
      const { "pod-start": podStart } = await readResults(read);
      return drawPodStart(podStart.measurements, podStart);
    },
  },
  {
    file: "docs/bench-secret.svg",
    async content(_now, read) {
      const { secret } = await readResults(read);
      return drawSecret(secret.measurements, secret);
    },
  },
];
