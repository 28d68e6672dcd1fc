/** Metrics as text. Source: Prometheus documentation, "Exposition formats", text-based format 0.0.4. */

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = readonly (readonly [name: string, value: string])[];

export interface Sample {
  /** What stands behind the family's name, as `_bucket` of a histogram. */
  readonly suffix?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** All that is measured under one name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Asked for at each scrape. */
  readonly samples: () => Iterable<Sample>;
}

export function formatFamilies(families: Iterable<Family>): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels, value } of samples()) {
      text += `${name}${suffix}${formatLabels(labels)} ${formatNumber(value)}\n`;
    }
  }
  return text;
}

function formatLabels(labels: Labels): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(",")}}`;
}

/** As Go's ParseFloat reads it. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
