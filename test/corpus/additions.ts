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

interface Named {
  readonly name: string;
}

/** What may be added to a Pod: volumes, a container, and variables. */
const OURS: ReadonlySet<string> = new Set([
  "piggy-env",
  "piggy-token",
  "install-piggy-env",
  "PIGGY_AWS_SECRET_NAME",
  "PIGGY_AWS_SECRET_VERSION",
  "PIGGY_AWS_SSM_PARAMETER_PATH",
  "PIGGY_AWS_REGION",
  "PIGGY_STANDALONE",
  "PIGGY_IGNORE_NO_ENV",
  "PIGGY_INITIAL_DELAY",
  "PIGGY_NUMBER_OF_RETRY",
  "PIGGY_ADDRESS",
  "PIGGY_CA",
  "PIGGY_SERVICE",
  "PIGGY_SKIP_VERIFY_TLS",
  "PIGGY_TOKEN_FILE",
  "PIGGY_ENFORCE_INTEGRITY",
  "PIGGY_POD_NAME",
  "PIGGY_UID",
  "PIGGY_TERMINATION_LOG",
  "PIGGY_EXPAND",
  "PIGGY_MENTIONED",
  "PIGGY_REFERENCES",
]);

const isOurs = ({ name }: Named) => OURS.has(name) || name.startsWith("PIGGY_MENTIONS_IN_");

/** A list without what is ours and did not come with it; absent where it was and nothing else is left. */
function others<T extends Named>(list: readonly T[] = [], before: readonly Named[] | undefined) {
  const came = new Set(before?.map(({ name }) => name));
  const kept = list.filter((entry) => came.has(entry.name) || !isOurs(entry));
  return kept.length === 0 && before === undefined ? undefined : kept;
}

/** The admitted Pod without what contract and design say is added for the containers that are wrapped. */
export function withoutAdditions(admitted: unknown, before: Pod, ...wrapped: readonly string[]): unknown {
  const { metadata, spec, ...rest } = parsePod(structuredClone(admitted), "Pod");
  const { "piggysec.com/piggy-uid": _, ...annotations } = metadata.annotations ?? {};
  const unwrap = (container: Container) => {
    if (!wrapped.includes(container.name)) return container;
    const original = containersOf(before).find(({ name }) => name === container.name);
    return {
      ...container,
      command: original?.command,
      args: original?.args,
      env: others(container.env, original?.env),
      volumeMounts: others(container.volumeMounts, original?.volumeMounts),
    };
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
