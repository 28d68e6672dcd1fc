import type { Container, Pod } from "./pod.ts";

/** The part of core/v1 validation that a webhook's patch can break. Answers with the field errors. */
export function validatePod(pod: Pod): string[] {
  const { containers, initContainers = [], volumes = [] } = pod.spec;
  const all = [
    ...initContainers.map((container, index) => ({ container, path: `spec.initContainers[${index}]` })),
    ...containers.map((container, index) => ({ container, path: `spec.containers[${index}]` })),
  ];
  const volumeNames = volumes.map((volume) => volume.name);
  return [
    ...(containers.length === 0 ? ["spec.containers: Required value"] : []),
    ...duplicates(volumeNames, "spec.volumes.name"),
    ...duplicates(
      all.map(({ container }) => container.name),
      "spec.containers.name",
    ),
    ...all.flatMap(({ container, path }) => validateContainer(container, path, new Set(volumeNames))),
  ];
}

function validateContainer(container: Container, path: string, volumes: ReadonlySet<string>): string[] {
  const { image, env = [], volumeMounts = [] } = container;
  return [
    ...(container.name === "" ? [`${path}.name: Required value`] : []),
    ...(image === undefined || image === "" ? [`${path}.image: Required value`] : []),
    ...env.flatMap(({ name, value, valueFrom }, index) => {
      const both = valueFrom !== undefined && value !== undefined && value !== "";
      return [
        ...(name === "" ? [`${path}.env[${index}].name: Required value`] : []),
        ...(both
          ? [`${path}.env[${index}].valueFrom: may not be specified when \`value\` is not empty`]
          : []),
      ];
    }),
    ...volumeMounts.flatMap(({ name }, index) =>
      volumes.has(name) ? [] : [`${path}.volumeMounts[${index}].name: Not found: "${name}"`],
    ),
    ...duplicates(
      volumeMounts.map((mount) => mount.mountPath),
      `${path}.volumeMounts.mountPath`,
    ),
  ];
}

function duplicates(values: readonly string[], path: string): string[] {
  return values
    .filter((value, index) => values.indexOf(value) !== index)
    .map((value) => `${path}: Duplicate value: "${value}"`);
}
