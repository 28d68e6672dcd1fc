import { join } from "node:path";

/** In-container absolute path to host path. */
export type PathMap = ReadonlyMap<string, string>;

/** The host's path for `text` when it begins with a mapped path, the longest of them; else `text` itself. */
export function toHostPath(text: string, paths: PathMap): string {
  const mapped = [...paths.keys()]
    .filter((path) => isWithin(text, path))
    .sort((a, b) => b.length - a.length)[0];
  if (mapped === undefined) return text;
  const host = paths.get(mapped) ?? mapped;
  const rest = text.slice(mapped.length);
  return rest === "" ? host : join(host, "/") + rest.replace(/^\/+/, "");
}

/** PATH is a list of paths, so each of its entries is rewritten. */
export function toHostEnvironment(
  environment: ReadonlyMap<string, string>,
  paths: PathMap,
): Record<string, string> {
  const rewritten = [...environment].map(([name, value]): [string, string] => {
    const parts = name === "PATH" ? value.split(":") : [value];
    return [name, parts.map((part) => toHostPath(part, paths)).join(":")];
  });
  return Object.fromEntries(rewritten);
}

function isWithin(text: string, path: string): boolean {
  return text === path || text.startsWith(path.endsWith("/") ? path : `${path}/`);
}
