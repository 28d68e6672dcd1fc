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
  if (!text.includes("$")) return text;
  return text.replace(NOTATION, (whole, after: string, name: string) =>
    after === "$" ? "$" : (lookUp(name) ?? whole),
  );
}

/** The text that the kubelet, whatever variables it knows, expands to the given one. */
export function escapeForKubelet(text: string): string {
  return text.includes("$") ? text.replace(/\$\$+|\$(?=\()/g, (run) => run + run) : text;
}

/** What `escape` was given; for a text that it did not write, undefined. */
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
