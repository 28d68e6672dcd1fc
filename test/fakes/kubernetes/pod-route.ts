/** POST of a Pod over HTTP, as whoever creates one does it, and `dryRun`. */
import type { ObjectStore } from "./objects.ts";
import { createPod, type Webhook } from "./pod-creation.ts";
import { anyObject } from "./schema.ts";
import { type Action, StatusError, status } from "./status.ts";

export interface PodRoute {
  readonly type: "pod";
  readonly action: Action & { readonly namespace: string };
  /** Whether nothing is to be stored of it. */
  readonly isDryRun: boolean;
}

export function podRouteOf(method: string, url: string): PodRoute | undefined {
  const { pathname, searchParams } = new URL(url);
  const [, namespace] =
    /^\/api\/v1\/namespaces\/([^/]+)\/pods$/.exec(pathname)?.map(decodeURIComponent) ?? [];
  if (method !== "POST" || namespace === undefined) return undefined;
  const action = { verb: "create", resource: "pods", group: "", namespace };
  return { type: "pod", action, isDryRun: searchParams.get("dryRun") === "All" };
}

export async function answerPost(
  { action, isDryRun }: PodRoute,
  manifest: unknown,
  objects: ObjectStore,
  webhook: Webhook | undefined,
): Promise<{ readonly status: number; readonly body: object }> {
  const { metadata, ...rest } = anyObject(manifest, "Pod");
  const placed = { ...rest, metadata: { ...anyObject(metadata, "metadata"), namespace: action.namespace } };
  const creation = await createPod(placed, objects, webhook).catch((error: Error) => {
    throw new StatusError(status(500, "InternalError", `Internal error occurred: ${error.message}`));
  });
  if (!creation.allowed) {
    const { code, reason, message } = creation.status;
    throw new StatusError(status(code, reason, message));
  }
  const { pod } = creation;
  if (isDryRun) objects.remove("Pod", action.namespace, pod.metadata.name);
  return { status: 201, body: pod };
}
