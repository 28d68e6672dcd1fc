/** Warnings as they go over the wire. */
import { oneLine } from "../quotation.ts";

/**
 * The API server hands on 4096 characters of them, and cuts each to 256 where they are more; what is left out is left
 * out here, so that it is said. Source: Kubernetes, apiserver, endpoints/filters/warning.go.
 */
const LONGEST = 256;
const MOST = 16;

export function formatWarnings(sentences: readonly string[]): readonly string[] {
  if (sentences.length === 0) return sentences;
  const lines = [...new Set(sentences)].map((sentence) => oneLine(`piggy: ${sentence}`, LONGEST));
  if (lines.length <= MOST) return lines;
  const shown = lines.slice(0, MOST - 1);
  return [...shown, `piggy: and ${lines.length - shown.length} more warnings`];
}
