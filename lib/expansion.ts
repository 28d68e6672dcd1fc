/**
 * The kubelet's `$(VAR)` expansion, and how to write a text so that the kubelet hands it on unchanged.
 * Source: Kubernetes API reference, Container v1 core, fields `command`, `args` and `env[].value`.
 */

const NOTATION = /\$(\$|\(([^)]*)\))/g;

/**
 * Expands as the kubelet does: `$(NAME)` becomes the value, or stays as it is when `lookUp` knows none; `$$`
 * becomes `$`; any other `$` stays.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  return walk(text, "$", lookUp);
}

/** The text with some of what it mentions written otherwise, for a kubelet that is yet to expand it. */
export function replaceMentions(text: string, replace: (name: string) => string | undefined): string {
  return walk(text, "$$", replace);
}

/** @param dollar what becomes of `$$` */
function walk(text: string, dollar: string, lookUp: (name: string) => string | undefined): string {
  if (!text.includes("$")) return text;
  // Behind the last bracket no reference can end, and looking for its end from each `$(` would take for ever.
  const end = text.lastIndexOf(")") + 1;
  const expanded = text
    .slice(0, end)
    .replace(NOTATION, (whole, after: string, name: string) =>
      after === "$" ? dollar : (lookUp(name) ?? whole),
    );
  return expanded + text.slice(end).replaceAll("$$", () => dollar);
}

/**
 * The text that the kubelet, whatever variables it knows, expands to the given one. It also takes the byte behind a
 * lone `$` for a character, and would break one of several bytes.
 */
export function escapeForKubelet(text: string): string {
  return text.includes("$") ? text.replace(/\$\$+|\$(?=[(\u0080-\uffff])/g, (run) => run + run) : text;
}

/** What `escapeForKubelet` was given; for a text that it did not write, undefined. */
export function unescapeForKubelet(text: string): string | undefined {
  const plain = expand(text, () => undefined);
  return escapeForKubelet(plain) === text ? plain : undefined;
}

/** The names that a text mentions as `$(NAME)`, `$$(NAME)` not counted. */
export function mentionedNames(text: string): readonly string[] {
  if (!text.includes("$(")) return [];
  const names: string[] = [];
  expand(text, (name) => {
    names.push(name);
    return undefined;
  });
  return names;
}

/** What the kubelet makes of a text alone: `$` of `$$`. A `$(VAR)` stays, for what it would be is not said here. */
export function asSeenInside(text: string): string {
  return expand(text, () => undefined);
}
