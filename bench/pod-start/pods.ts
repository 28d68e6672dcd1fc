/** The Pods that are started: the same application with the same value, and what gets it there. */
import { OWN_NAMESPACE, RELEASE } from "../../test/cluster/installation.ts";
import type { OneNode } from "../../test/cluster/one-node.ts";
import { object, string } from "../../test/fakes/kubernetes/schema.ts";

export const NAMESPACE = "bench";
export const SECRET = "bench/default";
export const VALUE = "value";

/** References to images. */
export interface Images {
  readonly app: string;
  /** Undefined for what the chart says. */
  readonly injector?: string;
}

export interface StartedPod {
  readonly metadata: { readonly name: string };
}

/** What of a Pod is not the application's. */
interface Kind {
  readonly value: string;
  readonly annotations: (images: Images) => Readonly<Record<string, string>>;
}

export type KindOfPod = "plain" | "image" | "init" | "limited" | "peer";
export type KindsOfPods = Readonly<Record<KindOfPod, Kind>>;

const REFERENCE = "piggy:TEST_ENV";
const withSecret = { "piggysec.com/aws-secret-name": SECRET };
const injector = (image: string | undefined) =>
  image === undefined ? {} : { "piggysec.com/piggy-env-image": image };

/** @param address of the webhook's Service, for who is not told it by the webhook and has no DNS here */
export function kindsOfPods(address: string): KindsOfPods {
  const by = (delivery: "image" | "init"): Kind => ({
    value: REFERENCE,
    annotations: (images) => ({
      ...withSecret,
      ...injector(images.injector),
      "piggysec.com/piggy-delivery": delivery,
    }),
  });
  const init = by("init");
  // What Piggy has: a fifth of a processor.
  const asPiggyHasIt = { "piggysec.com/piggy-env-resource-cpu-limit": "200m" };
  return {
    plain: { value: VALUE, annotations: () => ({}) },
    image: by("image"),
    init,
    limited: {
      ...init,
      annotations: (images) => ({ ...init.annotations(images), ...asPiggyHasIt }),
    },
    // It is admitted by our webhook too, as an injector of another project.
    peer: {
      ...init,
      annotations: (images) => ({
        ...init.annotations(images),
        ...asPiggyHasIt,
        "piggysec.com/piggy-address": address,
        "piggysec.com/piggy-skip-verify-tls": "true",
      }),
    },
  };
}

let pods = 0;

/** A Pod that runs once, with a name of its own. */
export function podOf({ value, annotations }: Kind, images: Images) {
  pods += 1;
  return podWith(`start-${pods}`, images.app, annotations(images), value);
}

function podWith(name: string, image: string, annotations: Readonly<Record<string, string>>, value: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, annotations },
    spec: {
      restartPolicy: "Never",
      imagePullSecrets: [{ name: "registry" }],
      // Named, as it would be looked up: a replica keeps what it found for 30 seconds, which is for a rollout's Pods,
      // and of these, which come one by one, most would wait for the registry.
      containers: [{ name: "app", image, command: ["/program"], env: [{ name: "TEST_ENV", value }] }],
    },
  } as const;
}

const parseService = object({ spec: object({ clusterIP: string }, {}) }, {});

/** By which everybody reaches the webhook, without a name. */
export async function addressOfWebhook({ cluster }: OneNode): Promise<string> {
  const { body } = await cluster.admin.call("GET", `/api/v1/namespaces/${OWN_NAMESPACE}/services/${RELEASE}`);
  return `https://${parseService(body, "Service").spec.clusterIP}`;
}
