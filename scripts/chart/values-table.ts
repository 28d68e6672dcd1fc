/** The chart's values as a table: each with its default and what its comment says. Pure. */
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";

interface Row {
  readonly value: string;
  /** JSON; undefined of one that holds others. */
  readonly byDefault: string | undefined;
  readonly meaning: string;
}

/** Markdown. @param values values.yaml, whose comments stand above what they are about */
export function valuesTable(values: string): string {
  const { contents } = parseDocument(values);
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  const rows = rowsOf(contents, "");
  const lines = rows.map(({ value, byDefault = "", meaning }) => {
    const code = byDefault === "" ? "" : `\`${byDefault}\``;
    return `| \`${value}\` | ${code} | ${meaning.replaceAll("|", "\\|")} |`;
  });
  return ["| Value | Default | |", "|---|---|---|", ...lines].join("\n");
}

function rowsOf(map: YAMLMap, prefix: string): readonly Row[] {
  return map.items.flatMap((pair, index) => {
    if (!isScalar(pair.key)) throw new Error(`values.yaml: a key of ${prefix || "the top"} is no text`);
    const value = `${prefix}${pair.key.value}`;
    const meaning = commentOf(pair, index === 0 && prefix !== "" ? map : undefined);
    const isLeaf = !isMap(pair.value) || pair.value.items.length === 0 || value.endsWith(".labels");
    if (isLeaf || !isMap(pair.value)) return [{ value, byDefault: JSON.stringify(pair.value), meaning }];
    const own = meaning === "" ? [] : [{ value, byDefault: undefined, meaning }];
    return [...own, ...rowsOf(pair.value, `${value}.`)];
  });
}

/** What stands above the first key of a map belongs to the map, for the parser. */
function commentOf({ key }: Pair, map: YAMLMap | undefined): string {
  const comment = map?.commentBefore ?? (isScalar(key) ? key.commentBefore : undefined) ?? "";
  // Of two, what is parted by an empty line is about something else.
  const [nearest = ""] = comment.split(/\n\s*\n/).slice(-1);
  return nearest.replace(/\s+/g, " ").trim();
}
