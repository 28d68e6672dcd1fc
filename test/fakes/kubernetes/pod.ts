import { anyObject, boolean, list, number, object, type Parsed, record, string } from "./schema.ts";

// The fields of core/v1 Pod that the fakes read. Everything else in a manifest passes through untouched.

const metadata = object(
  {},
  {
    name: string,
    generateName: string,
    namespace: string,
    uid: string,
    annotations: record(string),
    labels: record(string),
  },
);

const keySelector = object({ key: string }, { name: string, optional: boolean });
const fieldRef = object({ fieldPath: string }, { apiVersion: string });

const envVar = object(
  { name: string },
  {
    value: string,
    valueFrom: object(
      {},
      {
        fieldRef,
        configMapKeyRef: keySelector,
        secretKeyRef: keySelector,
      },
    ),
  },
);

const objectReference = object({}, { name: string, optional: boolean });
const envFromSource = object(
  {},
  { prefix: string, configMapRef: objectReference, secretRef: objectReference },
);

const volumeMount = object({ name: string, mountPath: string }, { subPath: string, readOnly: boolean });
const resources = object({}, { limits: anyObject, requests: anyObject });

const container = object(
  { name: string },
  {
    image: string,
    imagePullPolicy: string,
    command: list(string),
    args: list(string),
    workingDir: string,
    env: list(envVar),
    envFrom: list(envFromSource),
    volumeMounts: list(volumeMount),
    resources,
    terminationMessagePath: string,
    terminationMessagePolicy: string,
  },
);

const keyToPath = object({ key: string, path: string }, { mode: number });
const downwardFile = object({ path: string }, { fieldRef });
const objectFiles = object({}, { name: string, items: list(keyToPath), optional: boolean });
const serviceAccountToken = object({ path: string }, { audience: string, expirationSeconds: number });

const projection = object(
  {},
  {
    serviceAccountToken,
    configMap: objectFiles,
    secret: objectFiles,
    downwardAPI: object({}, { items: list(downwardFile) }),
  },
);

const volume = object(
  { name: string },
  {
    emptyDir: anyObject,
    image: object({}, { reference: string, pullPolicy: string }),
    configMap: object({}, { name: string, items: list(keyToPath), optional: boolean, defaultMode: number }),
    secret: object(
      {},
      { secretName: string, items: list(keyToPath), optional: boolean, defaultMode: number },
    ),
    downwardAPI: object({}, { items: list(downwardFile), defaultMode: number }),
    projected: object({}, { sources: list(projection), defaultMode: number }),
  },
);

const spec = object(
  { containers: list(container) },
  {
    initContainers: list(container),
    volumes: list(volume),
    serviceAccountName: string,
    automountServiceAccountToken: boolean,
    nodeName: string,
    restartPolicy: string,
    dnsPolicy: string,
    terminationGracePeriodSeconds: number,
    schedulerName: string,
    enableServiceLinks: boolean,
    securityContext: anyObject,
    imagePullSecrets: list(object({}, { name: string })),
  },
);

export const parsePod = object({ metadata, spec }, { kind: string, apiVersion: string, status: anyObject });

export type Pod = Parsed<typeof parsePod>;
export type Container = Parsed<typeof container>;
export type EnvVar = Parsed<typeof envVar>;
export type EnvFromSource = Parsed<typeof envFromSource>;
export type Volume = Parsed<typeof volume>;
export type Projection = Parsed<typeof projection>;
export type KeyToPath = Parsed<typeof keyToPath>;

/** A Pod that the API server has stored: it has what only the server gives. */
export const parseStoredPod = object(
  {
    metadata: object(
      { name: string, namespace: string, uid: string },
      { annotations: record(string), labels: record(string) },
    ),
    spec: object(
      { containers: list(container), serviceAccountName: string },
      { initContainers: list(container), volumes: list(volume), nodeName: string },
    ),
  },
  { kind: string, apiVersion: string, status: anyObject },
);

export type StoredPod = Parsed<typeof parseStoredPod>;
