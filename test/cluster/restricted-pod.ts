/** A Pod with as little as the restricted standard asks for. */

/** What a container has besides what it is about, and the Pod around it. */
export interface Wanted {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly container?: object;
  readonly restartPolicy?: "Never" | "Always";
}

const WITH_A_REFERENCE = { env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }] };

/** Its image is private, and by default it runs once and refers to one key. */
export function restrictedPod(wanted: Wanted) {
  const { namespace, name, image, annotations, container = WITH_A_REFERENCE } = wanted;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, annotations },
    spec: {
      restartPolicy: wanted.restartPolicy ?? "Never",
      imagePullSecrets: [{ name: "registry" }],
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "main",
          image,
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            readOnlyRootFilesystem: true,
          },
          resources: { limits: { cpu: "200m", memory: "64Mi" } },
          ...container,
        },
      ],
    },
  };
}
