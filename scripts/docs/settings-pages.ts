/** The parts of docs/annotations.md and docs/settings.md, from the table of settings. Pure. */
import { TUNING_SETTINGS } from "../../lib/admission/wrapped-environment.ts";
import { containerVariable } from "../../lib/container-variable.ts";
import { parseCommandLine } from "../../lib/injector/command-line.ts";
import { annotationName, environmentName, rowOf, type SettingName } from "../../lib/settings.ts";
import { chartExample, chartValues } from "./chart-values.ts";
import { code, markdownTable } from "./markdown.ts";
import type { Parts } from "./parts.ts";
import { annotationNames, defaultText, typeText, webhookOnlyNames, yamlLine } from "./setting-texts.ts";

export function annotationParts(): Parts {
  return {
    "list of annotations": overview(annotationNames, (name) => name),
    annotations: annotationNames.map(annotationSection).join("\n\n"),
  };
}

export function settingParts(): Parts {
  return {
    "list of settings": overview(webhookOnlyNames, environmentName),
    settings: webhookOnlyNames.map(webhookSection).join("\n\n"),
    options: `\`\`\`text\n${helpText()}\`\`\``,
    "variables of settings": markdownTable(
      ["Variable", "Setting", "May stand in the container's own `env`"],
      annotationNames
        .filter(isWrittenIntoContainers)
        .map((name) => [
          code(containerVariable(name)),
          `[\`${name}\`](annotations.md#${name})`,
          isTuning(name) ? "yes" : "",
        ]),
    ),
  };
}

/** Every name with a link to its section. A heading in code is linked to by its text in lower case. */
function overview(names: readonly SettingName[], titleOf: (name: SettingName) => string): string {
  return markdownTable(
    ["Name", "Type", "Default"],
    names.map((name) => {
      const title = titleOf(name);
      return [`[\`${title}\`](#${title.toLowerCase()})`, typeText(name), optionalCode(defaultText(name))];
    }),
  );
}

function annotationSection(name: SettingName): string {
  const { from } = rowOf(name);
  const variable = environmentName(name);
  const rows = [
    ...sharedRows(name),
    ["On the webhook", from.includes("environment") ? code(variable) : "not to be set there"],
    ...(from.includes("environment") ? [["In the chart", values(variable)]] : []),
    ...(isWrittenIntoContainers(name) ? [["In the container", containerText(name)]] : []),
  ];
  return section(name, name, rows, `annotations:\n  ${yamlLine(annotationName(name), rowOf(name).example)}`);
}

function webhookSection(name: SettingName): string {
  const variable = environmentName(name);
  const rows = [...sharedRows(name), ["In the chart", values(variable)]];
  return section(name, variable, rows, chartExample(variable, yamlLine(variable, rowOf(name).example)));
}

function section(
  name: SettingName,
  title: string,
  rows: readonly (readonly (string | undefined)[])[],
  example: string,
): string {
  return [
    `### \`${title}\``,
    rowOf(name).meaning,
    markdownTable(["", ""], rows),
    `\`\`\`yaml\n${example}\n\`\`\``,
  ].join("\n\n");
}

function sharedRows(name: SettingName): readonly (readonly string[])[] {
  const { deprecated, unreadable } = rowOf(name);
  return [
    ["Type", typeText(name)],
    ["Default", optionalCode(defaultText(name)) ?? "none"],
    ...(unreadable === undefined ? [] : [["What cannot be read counts as", code(String(unreadable))]]),
    ...(deprecated === undefined ? [] : [["Deprecated", deprecated]]),
  ];
}

/** What admission tells the injector, or reads of the stored container later. */
export function isWrittenIntoContainers(name: SettingName): boolean {
  return rowOf(name).readBy.includes("injector") || STORED.has(name);
}

const STORED: ReadonlySet<SettingName> = new Set<SettingName>([
  "aws-secret-name",
  "aws-ssm-parameter-path",
  "aws-secret-version",
  "aws-region",
  "piggy-address",
  "piggy-enforce-integrity",
]);

function containerText(name: SettingName): string {
  const variable = code(containerVariable(name));
  return isTuning(name)
    ? `${variable}; its own \`env\` may hold it, and counts where neither annotation nor webhook says it`
    : `${variable}, written by the webhook`;
}

function isTuning(name: SettingName): boolean {
  return TUNING_SETTINGS.some((each) => each === name);
}

function values(variable: string): string {
  return chartValues(variable).map(code).join(", ");
}

function optionalCode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : code(text);
}

/** As `piggy-env --help` prints it. */
function helpText(): string {
  const help = parseCommandLine(["--help"]);
  return help.kind === "print" ? help.text : "";
}
