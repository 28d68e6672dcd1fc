/** A kubeconfig of one context, and what stands in its parts. */
import type { KubernetesFake } from "../fakes/kubernetes.ts";

export interface KubeconfigParts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
}

export function kubeconfigOf(
  kubernetes: KubernetesFake,
  { cluster, user, context }: KubeconfigParts,
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "dev",
    clusters: [
      {
        name: "fake",
        cluster: {
          server: `https://${kubernetes.host}:${kubernetes.port}`,
          "certificate-authority-data": btoa(kubernetes.caPem),
          ...cluster,
        },
      },
    ],
    users: [{ name: "reader", user }],
    contexts: [{ name: "dev", context: { cluster: "fake", user: "reader", namespace: "shop", ...context } }],
  });
}
