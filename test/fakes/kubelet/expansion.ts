/**
 * `$(VAR)` by the rules of k8s.io/kubernetes/third_party/forked/golang/expansion: `$$` is `$`, a reference that
 * `lookUp` does not know stays as it is, what a reference gives is not expanded again, and any other `$` is literal.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole: string, name: string | undefined) =>
    name === undefined ? "$" : (lookUp(name) ?? whole),
  );
}
