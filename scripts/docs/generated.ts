/** Every file that `npm run generate` writes in whole or in part, from where it stands first. */
import { environmentSchema } from "../chart/environment-schema.ts";
import { valuesTable } from "../chart/values-table.ts";
import { withParts } from "./parts.ts";
import { annotationParts, settingParts } from "./settings-pages.ts";

/** What a file is to hold, by what it holds now and what the other files do. Paths are the repository's. */
export interface Generated {
  readonly file: string;
  content(now: string, read: (file: string) => Promise<string>): Promise<string>;
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
    file: `${CHART}/README.md`,
    content: async (now, read) => withParts(now, { values: valuesTable(await read(`${CHART}/values.yaml`)) }),
  },
  { file: "docs/annotations.md", content: async (now) => withParts(now, annotationParts()) },
  { file: "docs/settings.md", content: async (now) => withParts(now, settingParts()) },
];
