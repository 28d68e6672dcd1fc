/** The difference that admission made to a Pod, as lines that a person can read. */
import { stringify } from "yaml";

export interface DiffLine {
  readonly kind: "added" | "removed" | "kept" | "gap";
  readonly text: string;
}

const CONTEXT = 2;

export function podDiff(before: object, after: object): readonly DiffLine[] {
  return withContext(diffLines(linesOf(before), linesOf(after)));
}

/** The API server's own bookkeeping is no part of what the webhook did, and a certificate is not for reading. */
function linesOf(pod: object): readonly string[] {
  const json: unknown = JSON.parse(JSON.stringify(pod), (key, value: unknown) => {
    if (["uid", "creationTimestamp", "status", "managedFields", "resourceVersion"].includes(key))
      return undefined;
    if (typeof value === "string" && value.startsWith("-----BEGIN")) return "-----BEGIN CERTIFICATE----- …";
    return value;
  });
  return stringify(json, { lineWidth: 0 }).trimEnd().split("\n");
}

function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      if (row) row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length; ) {
    const [left, right] = [before[i], after[j]];
    if (left !== undefined && left === right) {
      lines.push({ kind: "kept", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) > at(i, j + 1))) {
      lines.push({ kind: "removed", text: left });
      i += 1;
    } else {
      lines.push({ kind: "added", text: right ?? "" });
      j += 1;
    }
  }
  return lines;
}

function withContext(lines: readonly DiffLine[]): readonly DiffLine[] {
  const isNear = (index: number) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ kind }) => kind !== "kept");
  return lines.flatMap((line, index) => {
    if (isNear(index)) return [line];
    const isFirstOfGap = index === 0 || isNear(index - 1);
    return isFirstOfGap ? [{ kind: "gap" as const, text: "⋯" }] : [];
  });
}
