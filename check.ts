/** `piggy-webhooks check`: wires the rooms together for one question to the cluster that it runs in. Loaded for it alone. */
import { type CheckWorld, runCheck } from "./lib/check/command.ts";
import { PiggyError } from "./lib/error.ts";
import { createKubernetesClient } from "./lib/kubernetes/client.ts";
import { readClusterConfig } from "./lib/kubernetes/config.ts";
import type { Environment, Settings } from "./lib/settings.ts";

/** @returns the exit code */
export function check(
  args: readonly string[],
  environment: Environment,
  settings: Settings,
): Promise<number> {
  const createDryRun: CheckWorld["createDryRun"] = async (namespace, body, signal) => {
    const client = createKubernetesClient(
      await readClusterConfig(environment, settings["piggy-service-account-dir"]),
    );
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?dryRun=All`;
    const answer = await client.request({ method: "POST", path, body, signal });
    if (answer.ok) return answer.object;
    throw new PiggyError("kubernetes_error", `a Pod of ${namespace} is not created: ${answer.message}`);
  };
  return runCheck(args, { createDryRun, say: console.log, complain: console.error });
}
