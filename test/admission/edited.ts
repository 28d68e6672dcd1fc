/** A Pod as somebody else has changed it after its admission. */
import type { Pod } from "../fakes/kubernetes/pod.ts";

interface ChangedContainer {
  name: string;
  command: string[];
  args: string[];
  env: { name: string; value?: string }[];
  volumeMounts: object[];
}

export interface Changed {
  metadata: { annotations: Record<string, string> };
  spec: {
    volumes: object[];
    initContainers: object[];
    containers: [ChangedContainer, ...ChangedContainer[]];
  };
}

/** A copy of an admitted Pod with a change made to it. */
export function edited(pod: Pod, change: (copy: Changed) => void): object {
  const copy: Changed = JSON.parse(JSON.stringify(pod));
  change(copy);
  return copy;
}
