/** What a Prometheus would see, read by a parser that is not ours. */
import parse from "parse-prometheus-text-format";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** With `_bucket`, `_sum` or `_count` of a histogram. */
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface Scrape {
  readonly text: string;
  readonly families: ReturnType<typeof parse>;
  readonly samples: readonly Sample[];
  /** Of all that have at least these labels together; 0 where there is none. */
  value(name: string, labels?: Labels): number;
}

export function parseScrape(text: string): Scrape {
  const samples = samplesOf(text);
  return {
    text,
    families: parse(text),
    samples,
    value(name, labels = {}) {
      const meant = samples.filter(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      );
      return meant.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

/** The parser puts all series of a histogram into one; of what has no type it leaves each as it is. */
function samplesOf(text: string): readonly Sample[] {
  return parse(text.replace(/^# TYPE .*\n/gm, "")).flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({
      name,
      labels,
      value: Number(value?.replace("Inf", "Infinity")),
    })),
  );
}

/** GET /metrics of a webhook. */
export async function scrape({ metricsAddress }: { readonly metricsAddress: string }): Promise<Scrape> {
  const response = await fetch(`http://${metricsAddress}/metrics`);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return parseScrape(await response.text());
}
