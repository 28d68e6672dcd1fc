/** Explanations as `--json` prints them. Fields are added, never renamed: programs read them. */
import type { Explanation, PodExplanation } from "./pod.ts";

export function formatJson(explanations: readonly PodExplanation[], assumed: readonly string[]): string {
  const all = explanations.map((explanation): Explanation & { readonly assumed: readonly string[] } => {
    const { before: _, ...rest } = explanation;
    return { ...rest, assumed };
  });
  return `${JSON.stringify(all, null, 2)}\n`;
}
