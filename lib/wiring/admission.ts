/** POST /mutate: the look-ups, what is known of the nodes, and where Pods are told that the webhook is. */
import { createImageVolumeWatch } from "../admission/delivery/image-volume-watch.ts";
import type { OwnService } from "../admission/webhook.ts";
import type { AdmissionWorld } from "../admission/world.ts";
import type { Environment } from "../settings.ts";
import type { Ground } from "./api-server.ts";
import { type ImageCalls, wireImages } from "./images.ts";

export interface AdmissionWiring extends Ground {
  readonly imageCalls: ImageCalls;
  readonly isTls: boolean;
  /** What the certificate is verified by that is served at the moment, PEM. */
  readonly ca: () => string | undefined;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

export interface Admission {
  readonly world: AdmissionWorld;
  /** Looks at the nodes now and then, from now on. */
  readonly watchNodes: () => void;
}

/** @throws PiggyError `setting_invalid`, `tls_files_unreadable` */
export async function wireAdmission(wiring: AdmissionWiring): Promise<Admission> {
  const { settings, environment, apiServer, imageCalls, isTls, ca, signal, log } = wiring;
  const { namespace, cluster, lookups } = apiServer;
  const settleMs = settings["piggy-delivery-settle"];
  const imageVolumes = createImageVolumeWatch({ cluster, settleMs, signal, log });
  return {
    world: {
      webhook: {
        environment,
        service: ownService(settings["piggy-service-name"], namespace, environment),
        get ca() {
          return ca();
        },
        scheme: isTls ? "https" : "http",
      },
      readObject: lookups.readObject,
      readImageCommand: await wireImages(settings, environment, lookups, log, imageCalls),
      imageVolumes: imageVolumes.current,
      newUid: () => crypto.randomUUID().replaceAll("-", ""),
      log,
    },
    watchNodes: imageVolumes.begin,
  };
}

/** Our own Service; its address and port are what the kubelet gave us in the variables of that Service. */
function ownService(name: string, namespace: string, environment: Environment): OwnService {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  const host = environment[`${prefix}_SERVICE_HOST`];
  const port = environment[`${prefix}_SERVICE_PORT`] || undefined;
  const bracketed = host?.includes(":") ? `[${host}]` : host;
  const clusterAddress = bracketed && port ? `${bracketed}:${port}` : undefined;
  return { name, namespace, port, clusterAddress };
}
