/** The settings that hold for a Pod: annotation over environment over default, each value parsed strictly. */
import { parseBoolean } from "./boolean.ts";
import { DNS_TRANSPORTS } from "./dns-transport.ts";
import { parseDuration } from "./duration.ts";
import { isResourceQuantity } from "./quantity.ts";
import {
  annotationName,
  type Environment,
  environmentName,
  type Row,
  SETTINGS,
  type SettingName,
  type Settings,
  type Source,
  settingNames,
  type ValueTypes,
} from "./settings.ts";
import { trimEndOf } from "./text.ts";

export interface SettingsInput {
  /** The Pod's annotations. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The webhook's environment. An empty variable counts as unset. */
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
  url: (text) => {
    const url = text.length <= LONGEST_URL && URL.canParse(text) ? new URL(text) : undefined;
    const usable =
      url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
    return usable ? { value: trimEndOf(text, "/") } : { expected: "an https:// address" };
  },
  pullPolicy: oneOf("Always", "IfNotPresent", "Never"),
  resolver: oneOf(...DNS_TRANSPORTS),
  acceptance: oneOf("auto", "true", "false"),
  unseen: oneOf("wrap", "ignore"),
};

/** Of a value in a warning. */
const LONGEST_QUOTE = 100;
/** Of an address. */
const LONGEST_URL = 2048;

interface Given {
  readonly text: string;
  readonly source: Source;
}

function find(name: SettingName, row: Row, input: SettingsInput): Given | undefined {
  const annotation = annotationName(name);
  if (row.from.includes("annotation") && Object.hasOwn(input.annotations, annotation)) {
    return { text: input.annotations[annotation] ?? "", source: "annotation" };
  }
  if (!row.from.includes("environment")) return undefined;
  const text = input.environment[environmentName(name)];
  return text ? { text, source: "environment" } : undefined;
}

/**
 * Reads every setting. A value that cannot be read counts as the default (the safe one of the two where they
 * differ) and is named in the warnings; nothing here throws. An annotation that is there but empty counts as given.
 */
export function readSettings(input: SettingsInput): SettingsReading {
  const settings: Record<string, unknown> = {};
  const given = new Set<SettingName>();
  const warnings: string[] = [];
  const environmentWarnings: string[] = [];
  for (const name of settingNames) {
    const row: Row = SETTINGS[name];
    settings[name] = row.default;
    const found = find(name, row, input);
    if (found === undefined) continue;
    if (found.text !== "") given.add(name);
    const parsed = PARSERS[row.type](found.text);
    if ("value" in parsed) {
      settings[name] = parsed.value;
      continue;
    }
    const instead = row.unreadable ?? row.default;
    settings[name] = instead;
    // An empty annotation is the documented way to take a webhook's default back: nothing to warn of.
    if (found.text !== "") {
      const counts = instead === undefined ? "it is ignored" : `it counts as ${instead}`;
      const fault = `${JSON.stringify(found.text.slice(0, LONGEST_QUOTE))} is not ${parsed.expected}; ${counts}`;
      if (found.source === "annotation") warnings.push(`annotation ${annotationName(name)}: ${fault}`);
      else environmentWarnings.push(`${environmentName(name)}: ${fault}`);
    }
  }
  return { settings: settings as Settings, given, warnings, environmentWarnings };
}

/** The secret that a Pod in proxy mode reads when it names none. */
export function defaultSecretName(settings: Settings, namespace: string, serviceAccount: string): string {
  const prefix = settings["piggy-default-secret-name-prefix"];
  const suffix = settings["piggy-default-secret-name-suffix"];
  return `${prefix}${namespace}/${serviceAccount}${suffix}`;
}
