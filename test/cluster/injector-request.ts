/** POST /secret at the installed Service, as the injector of a Pod sends it that no node has to run. */
import type { Cluster } from "../apiserver/cluster.ts";
import { requestToken } from "../apiserver/installation.ts";
import { add, podsOf } from "../apiserver/objects.ts";
import { parseStoredPod } from "../fakes/kubernetes/pod.ts";
import { requestOf, started } from "../secrets/asking.ts";
import { OWN_NAMESPACE, RELEASE } from "./installation.ts";
import { caBundle, serviceAddress } from "./kept-certificate.ts";
import type { restrictedPod } from "./restricted-pod.ts";

export interface Injector {
  readonly podName: string;
  readonly token: string;
  readonly request: object;
}

/** Stores the Pod, which no node takes, and has its token made. @param argv what its first container runs */
export async function createInjector(
  cluster: Cluster,
  pod: ReturnType<typeof restrictedPod>,
  argv: readonly string[],
): Promise<Injector> {
  const { namespace } = pod.metadata;
  const spec = { ...pod.spec, nodeSelector: { "example.com/none": "" } };
  const stored = parseStoredPod(await add(cluster, podsOf(namespace), { ...pod, spec }), "Pod");
  const { name, uid } = stored.metadata;
  const token = await requestToken(cluster, namespace, "default", {
    audiences: ["piggysec.com"],
    boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
  });
  return { podName: name, token, request: requestOf(started(stored, argv), ["TEST_ENV"]) };
}

export interface SecretAnswer {
  readonly status: number;
  readonly text: string;
}

/** Whoever asks, of what the API server trusts now. */
export async function createAsking(cluster: Cluster) {
  const url = `https://${await serviceAddress(cluster)}/secret`;
  const tls = { ca: await caBundle(cluster), serverName: `${RELEASE}.${OWN_NAMESPACE}.svc` };
  return async ({ token, request }: Pick<Injector, "token" | "request">): Promise<SecretAnswer> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": token },
      body: JSON.stringify(request),
      tls,
      proxy: false,
    });
    return { status: response.status, text: await response.text() };
  };
}
