import type { OwnService } from "../admission/webhook.ts";
import type { Environment } from "../settings.ts";

/** Our own Service; its address and port are what the kubelet gave us in the variables of that Service. */
export function ownService(name: string, namespace: string, environment: Environment): OwnService {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  const host = environment[`${prefix}_SERVICE_HOST`];
  const port = environment[`${prefix}_SERVICE_PORT`] || undefined;
  const bracketed = host?.includes(":") ? `[${host}]` : host;
  const clusterAddress = bracketed && port ? `${bracketed}:${port}` : undefined;
  return { name, namespace, port, clusterAddress };
}
