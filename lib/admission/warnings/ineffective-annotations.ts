/**
 * Annotations of ours that are read and do nothing, since another says otherwise, and deprecated ones: whoever wrote
 * them believes in an effect that is not there.
 */
import { annotationName, rowOf, type SettingName, type Settings, settingNames } from "../../settings.ts";
import { LOOKED_AT_FOR } from "../looked-at.ts";

type Annotations = Readonly<Record<string, string>>;

interface Rule {
  readonly of: readonly SettingName[];
  readonly isOverruled: (settings: Settings) => unknown;
  readonly because: string;
}

const RULES: readonly Rule[] = [
  {
    of: ["piggy-address", "piggy-skip-verify-tls", "piggy-enforce-integrity"],
    isOverruled: ({ standalone }) => standalone,
    because: "a standalone container never asks piggy-webhooks",
  },
  {
    of: ["aws-secret-name", "aws-secret-version"],
    isOverruled: (settings) => settings["aws-ssm-parameter-path"],
    because: "aws-ssm-parameter-path says where values come from",
  },
  {
    of: ["piggy-default-secret-name-prefix", "piggy-default-secret-name-suffix"],
    isOverruled: (settings) => settings["aws-secret-name"] || settings["aws-ssm-parameter-path"],
    because: "the place that values come from is named",
  },
  {
    of: ["image-pull-secret-namespace"],
    isOverruled: (settings) => !settings["image-pull-secret"],
    because: "there is no image-pull-secret",
  },
  {
    of: ["piggy-deadline"],
    isOverruled: (settings) => settings["piggy-number-of-retry"] > 0,
    because: "piggy-number-of-retry says how often is asked",
  },
];

const NAMED_RULES = RULES.map(({ of, ...rule }) => ({ ...rule, names: of.map(annotationName) }));

/** One sentence for each reason why annotations of a Pod that is looked at do nothing, and for each deprecated one. */
export function ineffectiveAnnotations(annotations: Annotations, settings: Settings): readonly string[] {
  const sentences: string[] = [];
  for (const { isOverruled, names, because } of NAMED_RULES) {
    if (!isOverruled(settings)) continue;
    const given = names.filter((name) => annotations[name]);
    if (given.length > 0) sentences.push(noEffect(given, because));
  }
  for (const [name, why] of DEPRECATED) if (annotations[name]) sentences.push(`${name}: deprecated, ${why}`);
  return sentences;
}

/** For a Pod that is not looked at: whatever else it says to us, a reference in it stays text. */
export function unheardAnnotations(annotations: Annotations): readonly string[] {
  const names = Object.keys(annotations).filter((name) => WISHES.has(name) && annotations[name]);
  if (names.length === 0) return [];
  return [noEffect(names.slice(0, MOST_NAMES), `the Pod has neither ${LOOKED_AT_FOR.join(" nor ")}`)];
}

/** More would not fit beside the reason. */
const MOST_NAMES = 2;

function noEffect(names: readonly string[], because: string): string {
  return `${names.join(", ")}: without effect, ${because}`;
}

/** Not what admission itself has written, into a Pod that is a copy of an admitted one. */
const WISHES: ReadonlySet<string> = new Set(
  settingNames.filter((name) => name !== "piggy-uid").map(annotationName),
);

const DEPRECATED = settingNames.flatMap((name) => {
  const { deprecated } = rowOf(name);
  return deprecated === undefined ? [] : [[annotationName(name), deprecated] as const];
});
