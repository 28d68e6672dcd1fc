/** What a row of the table of settings says, in words and as it is written. Pure. */
import { stringify } from "yaml";
import { CHOICES } from "../../lib/read-settings.ts";
import {
  rowOf,
  type SettingName,
  settingNames,
  settingNamesFrom,
  type ValueTypes,
} from "../../lib/settings.ts";
import { code } from "./markdown.ts";

const TYPES: Readonly<Record<Exclude<keyof ValueTypes, keyof typeof CHOICES>, string>> = {
  string: "text",
  boolean: "`true` or `false`",
  integer: "whole number",
  duration: "duration",
  quantity: "quantity",
  quantityOrAuto: "quantity, `auto`",
  url: "address",
};

export const annotationNames = settingNamesFrom("annotation");
export const webhookOnlyNames = settingNames.filter((name) => !annotationNames.includes(name));

export function typeText(name: SettingName): string {
  const { type } = rowOf(name);
  const choices: Partial<Record<keyof ValueTypes, readonly string[]>> = CHOICES;
  const words: Partial<Record<keyof ValueTypes, string>> = TYPES;
  return choices[type]?.map(code).join(", ") ?? words[type] ?? type;
}

/** Undefined where there is none: the meaning then says what holds. */
export function defaultText(name: SettingName): string | undefined {
  const { type, default: byDefault } = rowOf(name);
  if (byDefault === undefined || byDefault === "") return undefined;
  return type === "duration" ? formatDuration(Number(byDefault)) : String(byDefault);
}

const UNITS = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** In the largest unit that says it without a fraction. */
function formatDuration(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, each]) => milliseconds % each === 0) ?? ["ms", 1];
  return `${milliseconds / length}${unit}`;
}

/** One line of YAML, whose value is text, as annotations and variables want it, for readers of YAML 1.1 as well. */
export function yamlLine(name: string, value: string): string {
  return stringify({ [name]: value }, { lineWidth: 0, version: "1.1" }).trimEnd();
}
