/** What explain could not know of a Pod, each with what it was taken for. */
import type { Settings } from "../settings.ts";
import type { ContainerAccount } from "./container.ts";
import type { PodManifest } from "./manifests.ts";
import type { Asked, SeenObject, Sources } from "./sources.ts";

interface Circumstances {
  readonly sources: Sources;
  readonly delivery: Settings["piggy-delivery"];
}

export function unknownsOf(
  { namespace }: PodManifest,
  accounts: readonly ContainerAccount[],
  { objects, images }: Asked,
  { sources, delivery }: Circumstances,
): readonly string[] {
  const isWrapped = accounts.some(({ action }) => action === "wrap");
  return [
    ...[...objects.values()].flatMap((seen) => unseen(seen, namespace)),
    ...accounts.flatMap(({ name, command }) =>
      command?.from === "image, not looked up" ? [unaskedImage(name)] : [],
    ),
    ...(images.size > 0 && sources.cluster === undefined && sources.readImageCommand !== undefined
      ? ["imagePullSecrets were not looked up: registries were asked without credentials"]
      : []),
    // The init container needs no node in particular, and of an image volume the answer itself warns.
    ...(isWrapped && delivery === "auto" && sources.cluster === undefined
      ? [
          "whether the nodes mount images was not looked up: piggy-delivery: auto is shown as the init container",
        ]
      : []),
  ];
}

function unaskedImage(container: string): string {
  return (
    `what container ${container} runs was not looked up: its image is asked when the Pod is created, and the Pod is ` +
    "denied if that fails"
  );
}

function unseen({ object, content }: SeenObject, namespace: string): readonly string[] {
  if (content.seen) return [];
  const name = `${object.kind} ${namespace}/${object.name}`;
  switch (content.reason) {
    case "not looked up":
      return [`${name} was not looked up`];
    case "forbidden":
      return [`${name} may not be read as who you are to the cluster; piggy-webhooks may be allowed to`];
    case "absent":
      return [`${name} is not there yet`];
  }
}
