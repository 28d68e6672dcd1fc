/**
 * The chart's own values that set a variable of piggy-webhooks; every other one is set by `env.NAME` alone. Other objects
 * of the chart follow most of them, and never `env`, so no page names both.
 */
export const CHART_VALUES: Readonly<Record<string, readonly string[]>> = {
  LISTEN_ADDRESS: ["port"],
  PIGGY_SERVICE_NAME: ["fullnameOverride"],
  PIGGY_ENV_IMAGE: ["mutate.image.repository", "mutate.image.tag"],
  PIGGY_ENV_IMAGE_PULL_POLICY: ["mutate.image.pullPolicy"],
  DEBUG: ["debug"],
  PIGGY_METRICS_ADDRESS: ["metrics.enabled", "metrics.port"],
  TLS_CERT_FILE: ["tls.mode", "tls.secretName"],
  TLS_PRIVATE_KEY_FILE: ["tls.mode", "tls.secretName"],
  PIGGY_CERTIFICATE_SECRET: ["tls.mode"],
  PIGGY_WEBHOOK_CONFIGURATION: ["tls.mode", "fullnameOverride"],
};

/** YAML: of those that have a section in docs/settings.md, how the values might be written. */
const EXAMPLES: Readonly<Record<string, string>> = {
  LISTEN_ADDRESS: "port: 9443",
  PIGGY_SERVICE_NAME: "fullnameOverride: secrets",
  PIGGY_METRICS_ADDRESS: "metrics:\n  enabled: false",
  TLS_CERT_FILE: "tls:\n  mode: cert-manager",
  TLS_PRIVATE_KEY_FILE: "tls:\n  mode: cert-manager",
  PIGGY_CERTIFICATE_SECRET: "tls:\n  mode: self",
  PIGGY_WEBHOOK_CONFIGURATION: "tls:\n  mode: self",
};

/** As a user of the chart would write them. */
export function chartValues(variable: string): readonly string[] {
  return CHART_VALUES[variable] ?? [`env.${variable}`];
}

/** @param line the variable itself, as YAML */
export function chartExample(variable: string, line: string): string {
  return EXAMPLES[variable] ?? `env:\n  ${line}`;
}
