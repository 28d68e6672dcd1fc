/** What admission knows of the webhook that it runs in. */
import type { Environment } from "../settings.ts";
import { latest } from "./latest.ts";

export interface OwnService {
  readonly name: string;
  readonly namespace: string;
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

export function ownAddress(webhook: Webhook): string {
  return `${webhook.scheme}://${webhook.service.name}.${webhook.service.namespace}.svc`;
}

/** Whether an address is the webhook's own Service, in any form of its name. */
export const isOwnAddress = latest((address: string, service: OwnService): boolean => {
  const host = new URL(address).hostname;
  const name = `${service.name}.${service.namespace}`;
  return host === name || host === `${name}.svc` || host.startsWith(`${name}.svc.`);
});
