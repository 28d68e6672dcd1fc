/** Which names a name may stand for. Source: resolv.conf(5), "search" and "ndots". */
import { encodeName } from "./domain-name.ts";
import type { Configuration } from "./resolv-conf.ts";

/** Absolute names without a dot at their end, in the order in which they are asked for; those that are none left out. */
export function candidateNames(
  name: string,
  { search, ndots }: Pick<Configuration, "search" | "ndots">,
): readonly string[] {
  return ordered(name, search, ndots).filter((candidate) => encodeName(candidate) !== undefined);
}

function ordered(name: string, search: readonly string[], ndots: number): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const searched = search.map((domain) => `${name}.${domain}`);
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}
