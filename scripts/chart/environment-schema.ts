/** What the chart's values may say in `env`: the settings that are given in the environment of piggy-webhooks. Pure. */
import { FALSE_TEXTS, TRUE_TEXTS } from "../../lib/boolean.ts";
import { CHOICES } from "../../lib/read-settings.ts";
import { environmentName, rowOf, settingNamesFrom, type ValueTypes } from "../../lib/settings.ts";
import { CHART_VALUES } from "../docs/chart-values.ts";

/** JSON Schema, draft 7, which is what Helm reads. */
type Schema = Readonly<Record<string, unknown>>;

/** A variable's text is what counts, and YAML makes a number or a boolean of some. */
const SCALAR = ["string", "number", "boolean"];

export function environmentSchema(): Schema {
  const properties = settingNamesFrom("environment").map((name): readonly [string, Schema] => {
    const { meaning, type } = rowOf(name);
    const variable = environmentName(name);
    return [variable, { description: meaning + instead(variable), ...typeSchema(type) }];
  });
  return {
    description: "The environment of piggy-webhooks. Generated from lib/settings.ts by `npm run generate`.",
    // Where each line of it is commented out.
    type: ["object", "null"],
    properties: Object.fromEntries(properties),
    additionalProperties: { type: SCALAR },
  };
}

function instead(variable: string): string {
  const own = CHART_VALUES[variable];
  return own === undefined ? "" : ` Set it by ${own.join(" and ")}, not here.`;
}

/** An empty variable counts as unset, whatever its type. */
function typeSchema(type: keyof ValueTypes): Schema {
  const choices: Partial<Record<keyof ValueTypes, readonly string[]>> = CHOICES;
  const allowed = choices[type];
  if (allowed !== undefined) {
    // YAML makes booleans of some of these.
    const written = allowed.flatMap((value) =>
      /^(true|false)$/.test(value) ? [value, value === "true"] : [value],
    );
    return { enum: ["", ...written] };
  }
  switch (type) {
    case "boolean":
      return { enum: ["", ...TRUE_TEXTS, ...FALSE_TEXTS, true, false, 1, 0] };
    case "integer":
      return { type: ["string", "integer"], pattern: "^[0-9]*$", minimum: 0 };
    default:
      return { type: SCALAR };
  }
}
