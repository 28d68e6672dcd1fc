import type { Container, Pod, Volume } from "./pod.ts";

// What an API server writes into a new Pod: the defaults of core/v1 (SetDefaults_PodSpec, SetDefaults_Container)
// and the ServiceAccount admission plugin. Both run again after a webhook changed the Pod, so each is idempotent.

const TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_VOLUME_PREFIX = "kube-api-access-";

export interface ServiceAccountSettings {
  readonly automountServiceAccountToken: boolean;
  readonly imagePullSecrets: readonly { readonly name?: string }[];
}

export function withDefaults(pod: Pod): Pod {
  const { initContainers, containers, volumes } = pod.spec;
  return {
    ...pod,
    spec: {
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      terminationGracePeriodSeconds: 30,
      schedulerName: "default-scheduler",
      enableServiceLinks: true,
      securityContext: {},
      ...pod.spec,
      serviceAccountName: pod.spec.serviceAccountName || "default",
      containers: containers.map(containerDefaults),
      ...(initContainers && { initContainers: initContainers.map(containerDefaults) }),
      ...(volumes && { volumes: volumes.map(volumeDefaults) }),
    },
  };
}

/** Always for the tag `latest`, written or implied by neither tag nor digest; else IfNotPresent. */
export function defaultImagePullPolicy(image: string): "Always" | "IfNotPresent" {
  const [name = "", digest] = image.split("@");
  const tag =
    name.slice(name.lastIndexOf("/") + 1).split(":")[1] ?? (digest === undefined ? "latest" : undefined);
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function containerDefaults(container: Container): Container {
  const { resources = {}, env } = container;
  const requests = { ...resources.limits, ...resources.requests };
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: defaultImagePullPolicy(container.image ?? ""),
    ...container,
    resources: Object.keys(requests).length > 0 ? { ...resources, requests } : resources,
    ...(env && { env: env.map(envDefaults) }),
  };
}

function envDefaults(variable: NonNullable<Container["env"]>[number]) {
  const fieldRef = variable.valueFrom?.fieldRef;
  if (fieldRef === undefined) return variable;
  return { ...variable, valueFrom: { ...variable.valueFrom, fieldRef: { apiVersion: "v1", ...fieldRef } } };
}

function volumeDefaults(volume: Volume): Volume {
  const defaultMode = 0o644;
  const { projected, secret, configMap, downwardAPI, image } = volume;
  return {
    ...volume,
    ...(image && { image: { pullPolicy: defaultImagePullPolicy(image.reference ?? ""), ...image } }),
    ...(secret && { secret: { defaultMode, ...secret } }),
    ...(configMap && { configMap: { defaultMode, ...configMap } }),
    ...(downwardAPI && { downwardAPI: { defaultMode, ...downwardAPI } }),
    ...(projected && {
      projected: { defaultMode, ...projected, sources: (projected.sources ?? []).map(sourceDefaults) },
    }),
  };
}

type Source = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number];

function sourceDefaults(source: Source): Source {
  const token = source.serviceAccountToken;
  return token ? { ...source, serviceAccountToken: { expirationSeconds: 3600, ...token } } : source;
}

/** `suffix` makes the volume's name unique; a token volume that is already there is used again. */
export function withServiceAccount(pod: Pod, account: ServiceAccountSettings, suffix: string): Pod {
  const { spec } = pod;
  const imagePullSecrets = spec.imagePullSecrets?.length ? spec.imagePullSecrets : account.imagePullSecrets;
  const withSecrets = imagePullSecrets.length ? { ...pod, spec: { ...spec, imagePullSecrets } } : pod;
  const automount = spec.automountServiceAccountToken ?? account.automountServiceAccountToken;
  return automount ? withTokenVolume(withSecrets, suffix) : withSecrets;
}

function withTokenVolume(pod: Pod, suffix: string): Pod {
  const { volumes = [], containers, initContainers } = pod.spec;
  const existing = volumes.find((volume) => volume.name.startsWith(TOKEN_VOLUME_PREFIX));
  const name = existing?.name ?? TOKEN_VOLUME_PREFIX + suffix;
  const mount = (container: Container) => withTokenMount(container, name);
  const changed = {
    ...pod.spec,
    containers: containers.map(mount),
    ...(initContainers && { initContainers: initContainers.map(mount) }),
  };
  const mounted = [...changed.containers, ...(changed.initContainers ?? [])].some((container) =>
    container.volumeMounts?.some((entry) => entry.name === name),
  );
  const needed = mounted && existing === undefined;
  return { ...pod, spec: needed ? { ...changed, volumes: [...volumes, tokenVolume(name)] } : changed };
}

function withTokenMount(container: Container, name: string): Container {
  const volumeMounts = container.volumeMounts ?? [];
  if (volumeMounts.some((mount) => mount.mountPath === TOKEN_DIRECTORY)) return container;
  return {
    ...container,
    volumeMounts: [...volumeMounts, { name, readOnly: true, mountPath: TOKEN_DIRECTORY }],
  };
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        // 3607 marks a token that nobody asked for by name: the API server extends it silently to a year.
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  };
}
