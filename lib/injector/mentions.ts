/**
 * Variables that mention others of which admission could not see whether they hold references. Each came once more with
 * marks, the container's PIGGY_UID, around what the kubelet put in their places: a reference there is one, whatever
 * stands around it, and a dollar at the end of one is a dollar, whatever stands behind it.
 */
import { PiggyError } from "../error.ts";
import { parseReference } from "../reference/reference.ts";
import { formatEmbedded, holdsReference, type Part, parseEmbedded, parseValue } from "../reference/value.ts";
import { type ContainerEnvironment, type Variable, withKeyAsText } from "./environment.ts";

/** A character that no variable can hold. */
const PLACE = "\0";

/**
 * The variables, those with marks made of what stands between them.
 * @param isIgnored whether a reference that cannot be resolved is to stay as it is
 * @throws PiggyError `reference_unresolved`
 */
export function readMentions(
  { own, variables, marked }: ContainerEnvironment,
  isIgnored: boolean,
): readonly Variable[] {
  const mark = own.get("PIGGY_UID");
  if (!mark) return variables;
  return variables.map((variable) => {
    const pieces = marked.get(variable.name)?.split(mark) ?? [];
    const mentioned = pieces.filter((_, at) => at % 2 === 1);
    const parts = partsOf(pieces.map((piece, at) => (at % 2 === 1 ? PLACE : piece)).join(""), mentioned);
    if (parts === undefined) {
      if (isIgnored) return variable;
      throw unclear(variable.name);
    }
    // Without a reference between marks the value is what the kubelet made of it, but for what dollars hide or show.
    const read = mentioned.some(holdsReference) ? parts : besideDollars(variable, pieces);
    return read === undefined ? variable : { ...variable, parts: read.map(withKeyAsText) };
  });
}

function unclear(name: string): PiggyError {
  return new PiggyError(
    "reference_unresolved",
    `${name}: a variable that its value mentions is a reference, and what stands around that would change its meaning. ` +
      `Put the whole value of ${name} into the secret`,
  );
}

/**
 * What a value is made of.
 * @param template with a place for each mention
 * @returns undefined when one that is a reference stands within another
 */
function partsOf(template: string, mentioned: readonly string[]): readonly Part[] | undefined {
  let next = 0;
  let isUnclear = false;
  const fill = (text: string) =>
    text.replaceAll(PLACE, () => {
      const mention = mentioned[next++] ?? "";
      isUnclear ||= holdsReference(mention);
      return mention;
    });
  const parts: Part[] = [];
  for (const part of parseValue(template) ?? [template]) {
    if (typeof part !== "string") {
      const { fallback } = part;
      parts.push({ key: fill(part.key), ...(fallback === undefined ? {} : { fallback: fill(fallback) }) });
      continue;
    }
    for (const [at, text] of part.split(PLACE).entries()) {
      const mention = at === 0 ? "" : (mentioned[next++] ?? "");
      parts.push(...(parseValue(mention) ?? [mention]), text);
    }
  }
  return isUnclear ? undefined : parts;
}

/**
 * What a value is made of whose mentions hold no reference, when dollars at the end of one stand in front of
 * `${piggy:`: for a parser they would be part of that.
 * @returns undefined where there are none, so that it is what it is without marks
 */
function besideDollars({ entry, name }: Variable, pieces: readonly string[]): readonly Part[] | undefined {
  if (parseReference(entry.slice(name.length + 1)) !== undefined) return undefined;
  const parts = parseEmbedded(pieces.join(PLACE));
  const seen = (text: string) => text.replaceAll(PLACE, "");
  const escaped = formatEmbedded(parts, seen);
  return escaped === formatEmbedded(parts) ? undefined : parseValue(seen(escaped));
}
