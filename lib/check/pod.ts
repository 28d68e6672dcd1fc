/** A Pod that asks for a secret, and what came back of it. Pure. */
import { PiggyError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { parsePod } from "../pod.ts";
import type { CheckOptions } from "./command-line.ts";

const CONTAINER = "check";

/** As the restricted Pod Security Standard wants it; it names what it runs, so that no registry is asked. */
export function askingPod({ image, labels }: Omit<CheckOptions, "namespace">): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: "piggy-check-",
      labels,
      annotations: { "piggysec.com/aws-secret-name": "piggy-check" },
    },
    spec: {
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: CONTAINER,
          image,
          command: ["/none"],
          env: [{ name: "CHECKED", value: "piggy:CHECKED" }],
          resources: { requests: { cpu: "1m", memory: "1Mi" }, limits: { cpu: "10m", memory: "64Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}

export interface Injected {
  readonly delivery: "an image volume" | "an init container";
  /** Where its container would ask; undefined in standalone mode, where that is AWS. */
  readonly webhook:
    | {
        readonly url: URL;
        /** HOST:PORT of its Service, by address. */
        readonly service: string | undefined;
        readonly ca: string | undefined;
        readonly isVerified: boolean;
      }
    | undefined;
}

/** @throws PiggyError `injection_impossible` when it is as it was sent, `pod_invalid` when it is none */
export function injectedOf(stored: JsonObject): Injected {
  const pod = parsePod(stored);
  const container = pod.containers.find(({ name }) => name === CONTAINER);
  const values = new Map(container?.env.map(({ name, value }) => [name, value]));
  if (!values.has("PIGGY_UID")) {
    throw new PiggyError(
      "injection_impossible",
      "a Pod that asks for secrets is created as it is, and would start with references in place of them: the webhook " +
        "configuration does not send it, or its failurePolicy is Ignore and piggy-webhooks did not answer",
    );
  }
  const address = values.get("PIGGY_ADDRESS");
  return {
    delivery: pod.initContainers.some(({ name }) => name === "install-piggy-env")
      ? "an init container"
      : "an image volume",
    webhook:
      address === undefined || !URL.canParse(address)
        ? undefined
        : {
            url: new URL(address),
            service: values.get("PIGGY_SERVICE"),
            ca: values.get("PIGGY_CA"),
            isVerified: values.get("PIGGY_SKIP_VERIFY_TLS") !== "true",
          },
  };
}
