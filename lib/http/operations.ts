/** The door for those who run the webhook: probes and numbers, without TLS and with nothing that is secret. */
import { messageOf } from "../error.ts";
import type { Log } from "../log.ts";
import { EXPOSITION_TYPE } from "../metrics/exposition.ts";
import { listen, parseAddress } from "./listener.ts";
import { answerProbe, isProbe } from "./probes.ts";
import type { Readiness } from "./readiness.ts";
import { targetOf } from "./target.ts";
import { text } from "./text.ts";

export interface Operations {
  /** `piggy-metrics-address`. */
  readonly address: string;
  /** Whether somebody said so. A default that is taken by another program must not keep the webhook from its work. */
  readonly isGiven: boolean;
  readonly metrics: () => string;
  readonly readiness: Readiness;
  readonly log: Log;
}

/**
 * Opens the door. @returns HOST:PORT; undefined where it is not open
 * @throws PiggyError `setting_invalid`
 */
export function openOperations(operations: Operations): string | undefined {
  const { address, isGiven, log } = operations;
  if (address === "off") return undefined;
  const parsed = parseAddress(address, "PIGGY_METRICS_ADDRESS");
  try {
    const { hostname, port } = listen(parsed, undefined, (request) => answer(operations, request));
    return `${hostname}:${port}`;
  } catch (error) {
    if (isGiven) throw error;
    log("warn", "metrics and probes without TLS are off", { reason: messageOf(error) });
    return undefined;
  }
}

async function answer({ metrics, readiness }: Operations, { url, method }: Request): Promise<Response> {
  const { path } = targetOf(url);
  if (method !== "GET" && method !== "HEAD") return text(405, "use GET", { Allow: "GET, HEAD" });
  if (isProbe(path)) return answerProbe(path, readiness);
  if (path === "/metrics") return new Response(metrics(), { headers: { "Content-Type": EXPOSITION_TYPE } });
  return text(404, "not found: GET /metrics, /healthz, /livez, /readyz");
}
