/** One interface, two that ask: the webhook, by the SDK's credentials and fetch, and the injector, by its own. */
import { resolveCredentials } from "../../lib/aws/credentials.ts";
import { createSignedStore } from "../../lib/aws/signed.ts";
import type { Store } from "../../lib/aws/store.ts";
import { createWebhookStore } from "../../lib/aws/webhook-store.ts";
import { createTransport } from "../../lib/injector/send.ts";

const VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  "AWS_ENDPOINT_URL_SSM",
  // The machine's own: neither its files nor an instance's metadata are to be asked.
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_EC2_METADATA_DISABLED",
] as const;

export type Environment = Partial<Record<(typeof VARIABLES)[number], string>>;

export const machine = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));

/** The SDK reads the process's own environment. */
export function setEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
  for (const name of VARIABLES) {
    const value = environment[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

export const transports: readonly (readonly [name: string, create: (environment: Environment) => Store])[] = [
  [
    "the webhook's transport",
    (environment) => {
      const none = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
      setEnvironment({ ...none, AWS_EC2_METADATA_DISABLED: "true", ...environment });
      return createWebhookStore(environment);
    },
  ],
  [
    "the injector's transport",
    (environment) => {
      const { send } = createTransport(environment, () => {});
      return createSignedStore({
        environment,
        credentials: ({ region }, signal) => resolveCredentials(environment, region, signal, { send }),
        send,
      });
    },
  ],
];
