/**
 * Volume mounts whose path the kubelet puts together from the container's variables, before anything of the container
 * runs: there a reference is text. Source: Kubernetes API reference, VolumeMount v1 core, subPathExpr.
 */
import { mentionedNames } from "../../expansion.ts";
import { own } from "../../json.ts";
import type { Container } from "../../pod.ts";

/**
 * One sentence for a container of which a mount's path would have a reference in it. The path stays as it is.
 * @param holders the container's variables that hold one, wherever their values come from
 */
export function subPathWarnings(
  { name, volumeMounts }: Container,
  holders: ReadonlySet<string>,
): readonly string[] {
  const isConcerned = volumeMounts.some((mount) => {
    const expression = own(mount, "subPathExpr");
    if (typeof expression !== "string") return false;
    return mentionedNames(expression).some((mentioned) => holders.has(mentioned));
  });
  return isConcerned ? [`container ${name}: subPathExpr will see a reference as text, not its secret`] : [];
}
