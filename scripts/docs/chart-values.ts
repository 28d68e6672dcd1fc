/** The chart's own values that set a variable of piggy-webhooks; every other one is set by `env.NAME` alone. */
export const CHART_VALUES: Readonly<Record<string, readonly string[]>> = {
  LISTEN_ADDRESS: ["port"],
  PIGGY_SERVICE_NAME: ["fullnameOverride"],
  PIGGY_ENV_IMAGE: ["mutate.image.repository", "mutate.image.tag"],
  PIGGY_ENV_IMAGE_PULL_POLICY: ["mutate.image.pullPolicy"],
  DEBUG: ["debug"],
  PIGGY_METRICS_ADDRESS: ["metrics.enabled", "metrics.port"],
  TLS_CERT_FILE: ["tls.mode"],
  TLS_PRIVATE_KEY_FILE: ["tls.mode"],
  PIGGY_CERTIFICATE_SECRET: ["tls.mode"],
  PIGGY_WEBHOOK_CONFIGURATION: ["tls.mode"],
};

/** The chart refuses it in `env`: other objects follow the value. */
const NOT_IN_ENV: ReadonlySet<string> = new Set(["PIGGY_METRICS_ADDRESS"]);

/** As a user of the chart would write them. */
export function chartValues(variable: string): readonly string[] {
  const own = CHART_VALUES[variable] ?? [];
  return NOT_IN_ENV.has(variable) ? own : [...own, `env.${variable}`];
}
