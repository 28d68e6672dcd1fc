/** The settings that hold for a Pod: annotation over environment over default, each value parsed strictly. */
import { parseBoolean } from "./boolean.ts";
import { DNS_TRANSPORTS } from "./dns-transport.ts";
import { parseDuration } from "./duration.ts";
import { isResourceQuantity } from "./quantity.ts";
import { quote } from "./quotation.ts";
import {
  annotationName,
  type Environment,
  environmentName,
  rowOf,
  type SettingName,
  type Settings,
  settingNames,
  settingNamesFrom,
  type ValueTypes,
} from "./settings.ts";
import { trimEndOf } from "./text.ts";

export interface SettingsInput {
  /** The Pod's annotations. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * The webhook's environment, read once: an object of its own, not process.env, every look at which is slow. An
   * empty variable counts as unset.
   */
  readonly environment: Environment;
}

export interface SettingsReading {
  readonly settings: Settings;
  /** What says something, whether or not it could be read. */
  readonly given: ReadonlySet<SettingName>;
  /** One sentence for each annotation that could not be read. */
  readonly warnings: readonly string[];
  /** The same for the environment: for the operator, not for whoever creates a Pod. */
  readonly environmentWarnings: readonly string[];
}

type Parsed = { readonly value: string | number | boolean } | { readonly expected: string };

/** The types whose values are one of a few. */
export const CHOICES = {
  pullPolicy: ["Always", "IfNotPresent", "Never"],
  resolver: DNS_TRANSPORTS,
  acceptance: ["auto", "true", "false"],
  unseen: ["wrap", "ignore"],
  delivery: ["auto", "init", "image"],
} as const satisfies Partial<Record<keyof ValueTypes, readonly string[]>>;

const oneOf =
  (...allowed: readonly string[]) =>
  (text: string): Parsed =>
    allowed.includes(text) ? { value: text } : { expected: `one of ${allowed.join(", ")}` };

const PARSERS: { readonly [T in keyof ValueTypes]: (text: string) => Parsed } = {
  string: (value) => ({ value }),
  boolean: (text) => {
    const value = parseBoolean(text);
    return value === undefined ? { expected: "true or false" } : { value };
  },
  integer: (text) => (/^\d{1,9}$/.test(text) ? { value: Number(text) } : { expected: "a whole number" }),
  duration: (text) => {
    const value = parseDuration(text);
    return value === undefined || value < 0 ? { expected: "a duration such as 1.5s or 500ms" } : { value };
  },
  quantity: (text) =>
    isResourceQuantity(text) ? { value: text } : { expected: "a quantity such as 50m or 64Mi" },
  quantityOrAuto: (text) =>
    text === "auto" || isResourceQuantity(text)
      ? { value: text }
      : { expected: "a quantity such as 50m, or auto" },
  url: (text) => {
    const url = text.length <= LONGEST_URL && URL.canParse(text) ? new URL(text) : undefined;
    // They would stand in every Pod, and nobody would send them.
    if (url?.username || url?.password) return { expected: "an address without a name and password" };
    const usable =
      url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
    return usable ? { value: trimEndOf(text, "/") } : { expected: "an https:// address" };
  },
  pullPolicy: oneOf(...CHOICES.pullPolicy),
  resolver: oneOf(...CHOICES.resolver),
  acceptance: oneOf(...CHOICES.acceptance),
  unseen: oneOf(...CHOICES.unseen),
  delivery: oneOf(...CHOICES.delivery),
};

/** Of a value in a warning. */
const LONGEST_QUOTE = 100;
/** Of an address. */
const LONGEST_URL = 2048;

/** Settings while they are read, from one source after the other. */
interface Draft {
  readonly settings: Record<string, unknown>;
  readonly given: Set<SettingName>;
  readonly warnings: string[];
}

/**
 * Reads every setting. A value that cannot be read counts as the default (the safe one of the two where they
 * differ) and is named in the warnings; nothing here throws. An annotation that is there but empty counts as given.
 */
export function readSettings({ annotations, environment }: SettingsInput): SettingsReading {
  const base = readEnvironment(environment);
  const draft = { settings: { ...base.settings }, given: new Set(base.given), warnings: [] };
  // A Pod has a few annotations, and the table many.
  for (const annotation of Object.keys(annotations)) {
    const name = ANNOTATIONS.get(annotation);
    if (name !== undefined) take(draft, name, annotations[annotation] ?? "", `annotation ${annotation}`);
  }
  const { settings, given, warnings } = draft;
  return { settings: settings as Settings, given, warnings, environmentWarnings: base.warnings };
}

const ANNOTATIONS: ReadonlyMap<string, SettingName> = new Map(
  settingNamesFrom("annotation").map((name) => [annotationName(name), name]),
);

/** What environments say: every Pod is admitted under the same one, which does not change while we run. */
const readings = new WeakMap<Environment, Draft>();

function readEnvironment(environment: Environment): Draft {
  const known = readings.get(environment);
  if (known !== undefined) return known;
  const draft: Draft = { settings: {}, given: new Set(), warnings: [] };
  for (const name of settingNames) draft.settings[name] = rowOf(name).default;
  for (const name of settingNamesFrom("environment")) {
    const variable = environmentName(name);
    const text = environment[variable];
    if (text) take(draft, name, text, variable);
  }
  readings.set(environment, draft);
  return draft;
}

/** Puts a setting's text in the place of what other sources said; `from` is what a warning calls it. */
function take({ settings, given, warnings }: Draft, name: SettingName, text: string, from: string): void {
  const row = rowOf(name);
  if (text === "") given.delete(name);
  else given.add(name);
  const parsed = PARSERS[row.type](text);
  if ("value" in parsed) {
    settings[name] = parsed.value;
    return;
  }
  const instead = row.unreadable ?? row.default;
  settings[name] = instead;
  // An empty annotation is the documented way to take a webhook's default back: nothing to warn of.
  if (text === "") return;
  const counts = instead === undefined ? "it is ignored" : `it counts as ${instead}`;
  const shown = quote(text, LONGEST_QUOTE);
  warnings.push(`${from}: ${shown} is not ${parsed.expected}; ${counts}`);
}
