/** A Pod of the corpus with a reference put into one container, and an admitted one without what was added for it. */
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";

export const containersOf = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers];

/** The Pod with a reference in one container, which has a command so that no image is asked. */
export function withReferenceIn(pod: Pod, name: string): Pod {
  const change = (container: Container): Container =>
    container.name === name
      ? {
          ...container,
          command: container.command ?? ["/app"],
          env: [...(container.env ?? []), { name: "PASSWORD", value: "piggy:PASSWORD" }],
        }
      : container;
  const { metadata, spec } = pod;
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        "piggysec.com/aws-secret-name": "shop/api-secret",
        // What is not there is another test's matter.
        "piggysec.com/piggy-unseen": "ignore",
      },
    },
    spec: {
      ...spec,
      ...(spec.initContainers && { initContainers: spec.initContainers.map(change) }),
      containers: spec.containers.map(change),
    },
  };
}

const isOthers = ({ name }: { readonly name: string }) =>
  !name.startsWith("PIGGY_") && !["piggy-env", "piggy-token", "install-piggy-env"].includes(name);

/** A list without what is ours; absent where it was and nothing else is left. */
function others<T extends { readonly name: string }>(list: readonly T[] = [], before: unknown) {
  const kept = list.filter(isOthers);
  return kept.length === 0 && before === undefined ? undefined : kept;
}

/** The admitted Pod without what contract and design say is added to the one container. */
export function withoutAdditions(admitted: unknown, before: Pod, wrapped: string): unknown {
  const { metadata, spec, ...rest } = parsePod(structuredClone(admitted), "Pod");
  const { "piggysec.com/piggy-uid": _, ...annotations } = metadata.annotations ?? {};
  const original = containersOf(before).find(({ name }) => name === wrapped);
  const unwrap = (container: Container) =>
    container.name !== wrapped
      ? container
      : {
          ...container,
          command: original?.command,
          args: original?.args,
          env: others(container.env, original?.env),
          volumeMounts: others(container.volumeMounts, original?.volumeMounts),
        };
  return {
    ...rest,
    metadata: { ...metadata, annotations },
    spec: {
      ...spec,
      volumes: others(spec.volumes, before.spec.volumes),
      initContainers: others(spec.initContainers, before.spec.initContainers)?.map(unwrap),
      containers: spec.containers.map(unwrap),
    },
  };
}
