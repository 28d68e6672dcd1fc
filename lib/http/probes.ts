/** What the kubelet and load balancers ask. Source: Kubernetes documentation, "Kubernetes API health endpoints". */
import type { Readiness } from "./readiness.ts";
import { text } from "./text.ts";

export type Probe = "/healthz" | "/livez" | "/readyz";

export function isProbe(path: string): path is Probe {
  return path === "/healthz" || path === "/livez" || path === "/readyz";
}

export function answerProbe(probe: Probe, readiness: Readiness): Response {
  switch (probe) {
    case "/healthz":
    case "/livez":
      return text(200, "ok");
    case "/readyz": {
      const reason = readiness.reason();
      return reason === undefined ? text(200, "ok") : text(503, reason);
    }
  }
}
