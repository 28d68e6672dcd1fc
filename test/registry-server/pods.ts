/** Pods whose entrypoint is looked up in a registry, and the Secrets that they pull with. */

import { containerOf, mutate, NAMESPACE, podWith } from "../admission/mutation.ts";
import { startWorld, type World } from "../support/world.ts";
import type { RegistryServer } from "./server.ts";

const GRANTS = [
  { resource: "configmaps", verb: "get" },
  { resource: "secrets", verb: "get" },
  { resource: "serviceaccounts", verb: "get" },
];

/** A webhook that may ask the origins and trusts the CA in the file. */
export function startWorldOf(origins: readonly string[], caFile: string): Promise<World> {
  return startWorld({
    grants: GRANTS,
    environment: { PIGGY_REGISTRY_ORIGINS: origins.join(), PIGGY_REGISTRY_CA_FILE: caFile },
  });
}

/** As `kubectl create secret docker-registry` makes it, or as older tools did. */
export function addPullSecret(
  { kubernetes }: World,
  name: string,
  registry: Pick<RegistryServer, "host">,
  user: { readonly username: string; readonly password: string },
  form: ".dockerconfigjson" | ".dockercfg" = ".dockerconfigjson",
): void {
  const auth = Buffer.from(`${user.username}:${user.password}`).toString("base64");
  const auths = { [registry.host]: { auth } };
  kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    type: `kubernetes.io/${form.slice(1)}`,
    metadata: { namespace: NAMESPACE, name },
    stringData: { [form]: JSON.stringify(form === ".dockercfg" ? auths : { auths }) },
  });
}

export interface PodPulls {
  readonly secrets?: readonly string[];
  readonly architecture?: string;
  readonly policy?: string;
  readonly serviceAccount?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a Pod of the image runs behind the injector, or the words that it was denied with. */
export async function admitted(world: World, image: string, pulls: PodPulls = {}) {
  const { secrets = [], architecture, policy = "IfNotPresent", serviceAccount, annotations } = pulls;
  const { allowed, status, pod } = await mutate(
    world,
    podWith(
      { image, command: [], imagePullPolicy: policy },
      {
        ...(annotations === undefined ? {} : { annotations }),
        spec: {
          imagePullSecrets: secrets.map((name) => ({ name })),
          ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
          ...(architecture === undefined ? {} : { nodeSelector: { "kubernetes.io/arch": architecture } }),
        },
      },
    ),
  );
  return allowed ? { args: containerOf(pod).args?.slice(1) } : { code: status.code, denied: status.message };
}
