import type { KubernetesFake } from "../fakes/kubernetes.ts";
import {
  ARGV,
  addServiceAccount,
  joinedSignature,
  prefixed,
  type StartedPod,
  started,
  variables,
} from "./asking.ts";

export interface OlderPodOptions {
  readonly serviceAccount?: string;
  /** Without `piggysec.com/`; beside aws-secret-name and piggy-uid. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  /** What the annotation piggy-uid is in place of the signatures; undefined to leave it out. */
  readonly piggyUid?: { readonly is: string | undefined };
  /** The uid of a second container, which runs /bin/sidecar. */
  readonly otherUid?: string;
}

const UID = "a".repeat(32);
const SIDECAR = ["/bin/sidecar"];

let pods = 0;

/** A Pod as webhooks before this one left it in the API server: default token, space-joined signature, no more. */
export function olderPod(kubernetes: KubernetesFake, options: OlderPodOptions = {}): StartedPod {
  const { serviceAccount = "cart", argv = ARGV, otherUid } = options;
  pods += 1;
  const name = `older-${pods}`;
  addServiceAccount(kubernetes, "shop", serviceAccount);
  const signatures = {
    [UID]: joinedSignature(argv),
    ...(otherUid === undefined ? {} : { [otherUid]: joinedSignature(SIDECAR) }),
  };
  const piggyUid = options.piggyUid === undefined ? JSON.stringify(signatures) : options.piggyUid.is;
  kubernetes.add({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "shop",
      name,
      annotations: prefixed({
        "aws-secret-name": "shop/cart",
        ...options.annotations,
        ...(piggyUid === undefined ? {} : { "piggy-uid": piggyUid }),
      }),
    },
    spec: {
      serviceAccountName: serviceAccount,
      initContainers: [
        { name: "install-piggy-env", image: "piggysec/piggy-env:0.7.1", args: ["install", "/piggy"] },
      ],
      containers: [
        container("app", argv, UID),
        ...(otherUid === undefined ? [] : [container("sidecar", SIDECAR, otherUid)]),
      ],
      volumes: [{ name: "piggy-env", emptyDir: { medium: "Memory" } }, DEFAULT_TOKEN],
    },
    status: { phase: "Running" },
  });
  const stored = kubernetes.pod("shop", name);
  if (stored === undefined) throw new Error(`Pod ${name} was not stored`);
  return started(stored, argv);
}

const DEFAULT_TOKEN = {
  name: "kube-api-access-x7k2p",
  projected: {
    defaultMode: 420,
    sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }],
  },
};

function container(name: string, argv: readonly string[], uid: string) {
  return {
    name,
    image: "registry.example.com/app:1",
    command: ["/piggy/piggy-env"],
    args: ["--", ...argv],
    env: [
      ...variables({
        PASSWORD: "piggy:password",
        PIGGY_AWS_SECRET_NAME: "shop/cart",
        PIGGY_AWS_REGION: "ap-southeast-1",
      }),
      ...variables({
        PIGGY_ADDRESS: "https://piggy-webhooks.piggy-webhooks.svc.cluster.local",
        PIGGY_UID: uid,
      }),
      { name: "PIGGY_POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
    ],
    volumeMounts: [
      { name: "piggy-env", mountPath: "/piggy/" },
      {
        name: DEFAULT_TOKEN.name,
        mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
        readOnly: true,
      },
    ],
  };
}
