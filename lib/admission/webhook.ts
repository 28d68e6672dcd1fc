/** What admission knows of the webhook that it runs in. */
import type { Environment } from "../settings.ts";
import { latest } from "./latest.ts";

export interface OwnService {
  readonly name: string;
  readonly namespace: string;
  /** That it is reached at, when it is known; else it is its scheme's own. */
  readonly port: string | undefined;
  /** HOST:PORT of the Service by its ClusterIP, when it is known. */
  readonly clusterAddress: string | undefined;
}

export interface Webhook {
  /** Its environment: the defaults of every setting. */
  readonly environment: Environment;
  readonly service: OwnService;
  /** PEM of the CA that its certificate is verified by; undefined leaves that to the system's roots. */
  readonly ca: string | undefined;
  /** https with TLS files, http without. */
  readonly scheme: "https" | "http";
}

const SCHEME_PORT = { http: "80", https: "443" } as const;

export function ownAddress({ scheme, service }: Webhook): string {
  const { name, namespace, port = SCHEME_PORT[scheme] } = service;
  return `${scheme}://${name}.${namespace}.svc${port === SCHEME_PORT[scheme] ? "" : `:${port}`}`;
}

/** Whether an address is the webhook's own Service, in any form of its name. */
export const isOwnAddress = latest((address: string, service: OwnService): boolean => {
  const host = new URL(address).hostname;
  const name = `${service.name}.${service.namespace}`;
  return host === name || host === `${name}.svc` || host.startsWith(`${name}.svc.`);
});
