/** What admission reads of the environment that the chart gives piggy-webhooks by default, as its templates do. Pure. */
import { parse } from "yaml";
import { object, record, string } from "../../test/fakes/kubernetes/schema.ts";

const image = object({ repository: string, pullPolicy: string, tag: string, digest: string }, {});
const parseValues = object({ mutate: object({ image }, {}), env: record(string) }, {});
const parseChart = object({ appVersion: string }, {});

/** @param values values.yaml @param chart Chart.yaml @returns values by the names of variables */
export function defaultEnvironment(values: string, chart: string): Readonly<Record<string, string>> {
  const { mutate, env } = parseValues(parse(values), "values.yaml");
  const { repository, pullPolicy, tag, digest } = mutate.image;
  const version = tag || parseChart(parse(chart), "Chart.yaml").appVersion;
  return {
    PIGGY_ENV_IMAGE: `${repository}:${version}${tag === "" && digest !== "" ? `@${digest}` : ""}`,
    PIGGY_ENV_IMAGE_PULL_POLICY: pullPolicy,
    ...env,
  };
}
