/** The API server: where it is, who we are to it, and what is asked of it. */
import { createApiClock } from "../kubernetes/api-clock.ts";
import { createKubernetesClient, type KubernetesClient } from "../kubernetes/client.ts";
import { createClusterReader } from "../kubernetes/cluster.ts";
import { readClusterConfig } from "../kubernetes/config.ts";
import { keepConnections } from "../kubernetes/connections.ts";
import { createLookups } from "../kubernetes/lookups.ts";
import { tokenFromFile } from "../kubernetes/token.ts";
import type { Log } from "../log.ts";
import type { Environment, Settings } from "../settings.ts";

export type ApiServer = Awaited<ReturnType<typeof wireApiServer>>;

/** What all that is wired after it stands on. */
export interface Ground {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly apiServer: ApiServer;
  readonly log: Log;
}

/**
 * @param measured the client with a clock beside it
 * @throws PiggyError `not_in_cluster`
 */
export async function wireApiServer(
  settings: Settings,
  environment: Environment,
  measured: (client: KubernetesClient) => KubernetesClient,
) {
  const directory = settings["piggy-service-account-dir"];
  const { namespace, ...server } = await readClusterConfig(environment, directory);
  const token = tokenFromFile(server.tokenFile);
  const clock = createApiClock();
  const client = measured(createKubernetesClient(server, token, clock.hear(keepConnections(server))));
  return {
    /** The webhook's. */
    namespace,
    client,
    cluster: createClusterReader(client),
    lookups: createLookups(client),
    /** Its time, in milliseconds since 1970. */
    now: clock.now,
  };
}
