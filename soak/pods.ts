/** The Pods of the stream: one program, and every kind of reference. */
import { restrictedPod } from "../test/cluster/restricted-pod.ts";
import { parsePod } from "../test/fakes/kubernetes/pod.ts";
import { fingerprint, type Version } from "./truth.ts";

export const NAMESPACE = "soak";
/** What AWS holds: one secret that annotations name, and one that a reference names. */
export const SECRET = "soak/default";
export const ENTRY = "soak/entry";

const KINDS = ["init", "image"] as const;
export type Delivery = (typeof KINDS)[number];
export const deliveryOf = (serial: number): Delivery => KINDS[serial % KINDS.length] ?? "init";

/** A variable of each kind of reference, by what the program calls it. */
const REFERENCES = {
  KEY: "piggy:KEY",
  JOINED: `\${piggy:USER}:\${piggy:KEY}@db`,
  DEFAULT: `\${piggy:MISSING:-by default}`,
  ENTRY: `piggy://sm/${ENTRY}#/token`,
} as const;

/** What the two secrets hold in one version; every value holds the marker. */
export interface Contents {
  readonly secret: Readonly<Record<"KEY" | "USER", string>>;
  readonly entry: { readonly token: string };
}

export const contentsOf = (marker: string, serial: number): Contents => ({
  secret: { KEY: `${marker}-key-${serial}`, USER: `${marker}-user-${serial}` },
  entry: { token: `${marker}-token-${serial}` },
});

/** What the program is to say of them. */
export function valuesOf({ secret, entry }: Contents): Version["values"] {
  return {
    KEY: fingerprint(secret.KEY),
    JOINED: fingerprint(`${secret.USER}:${secret.KEY}@db`),
    DEFAULT: fingerprint("by default"),
    ENTRY: fingerprint(entry.token),
  };
}

export interface WantedPod {
  readonly name: string;
  readonly image: string;
  readonly delivery: Delivery;
  /** Says what it got and ends, or stays. */
  readonly life: "once" | "stay";
}

/** What its program runs as: by it, its process is found. */
export const argvOf = ({ life, name }: Pick<WantedPod, "life" | "name">) => [
  "/program",
  life,
  name,
  ...Object.keys(REFERENCES),
];

export function podOf({ name, image, delivery, life }: WantedPod) {
  const [command = "", ...args] = argvOf({ life, name });
  const pod = restrictedPod({
    namespace: NAMESPACE,
    name,
    image,
    annotations: { "piggysec.com/aws-secret-name": SECRET, "piggysec.com/piggy-delivery": delivery },
    container: {
      command: [command],
      args,
      env: Object.entries(REFERENCES).map(([variable, value]) => ({ name: variable, value })),
    },
  });
  const restartPolicy = life === "stay" ? "Always" : "OnFailure";
  return { ...pod, spec: { ...pod.spec, restartPolicy, terminationGracePeriodSeconds: 1 } };
}

/** Whether its container was given the injector. */
export function isWrapped(pod: unknown): boolean {
  const [container] = parsePod(pod, "Pod").spec.containers;
  return container?.command?.[0] === "/piggy/piggy-env";
}
