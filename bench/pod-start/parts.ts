/**
 * A Pod by an image volume with a part of what that takes, made of what the webhook made: what each part would cost if
 * all that comes after it were free.
 */
import type { Cluster } from "../../test/apiserver/cluster.ts";
import { podsOf } from "../../test/apiserver/objects.ts";
import { anyObject, list, object, string } from "../../test/fakes/kubernetes/schema.ts";
import { type Images, type KindsOfPods, NAMESPACE, podOf, type StartedPod } from "./pods.ts";

const parseContainer = object({ env: list(object({ name: string }, {})) }, {});
const parseAdmitted = object(
  { spec: object({ containers: list(parseContainer), volumes: list(anyObject) }, {}) },
  {},
);

type Container = ReturnType<typeof parseContainer>;

export interface Parts {
  /** Its volumes alone: the application is run as its author wrote it. */
  readonly volumes: () => StartedPod;
  /** piggy-env is run too, and has nothing to resolve. */
  readonly injector: () => StartedPod;
}

/** @throws Error where the webhook does not make of such a Pod what is measured here */
export async function partsOf(cluster: Cluster, kinds: KindsOfPods, images: Images): Promise<Parts> {
  const dryRun = `${podsOf(NAMESPACE)}?dryRun=All`;
  const { status, body } = await cluster.admin.call("POST", dryRun, podOf(kinds.image, images));
  if (status !== 201) throw new Error(`a dry run: ${status} ${String(body["message"])}`);
  const { spec } = parseAdmitted(body, "Pod");
  if (!spec.volumes.some((volume) => "image" in volume)) throw new Error("the dry run has no image volume");

  const plainPod = (): ReturnType<typeof podOf> => podOf(kinds.plain, images);
  const { env, command } = plainPod().spec.containers[0];
  const inTheClear = (container: Container) => {
    const others = container.env.filter(({ name }) => env.every((own) => own.name !== name));
    return { ...container, env: [...others, ...env] };
  };
  // Without an annotation of ours the webhook does not look at it again.
  const podOfSpec = (containers: readonly object[]) => ({ ...plainPod(), spec: { ...spec, containers } });
  return {
    volumes: () => podOfSpec(spec.containers.map((each) => ({ ...inTheClear(each), command, args: [] }))),
    injector: () => podOfSpec(spec.containers.map(inTheClear)),
  };
}
