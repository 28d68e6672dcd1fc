/** The part of docs/releasing.md that was measured. Pure. */
import type { ImageName } from "../images/images.ts";
import type { Parts } from "./parts.ts";
import { type Results, the } from "./results.ts";

export function releasingParts({ sizes }: Results): Parts {
  const layers = (image: ImageName) => {
    const { compressed } = the(sizes.images, { image, architecture: "amd64" });
    return `${(compressed / 1e6).toFixed(0)} MB for \`${image}\``;
  };
  return {
    "what the layers weigh": `The layers are ${layers("piggy-webhooks")} and ${layers("piggy-env")}, on amd64.`,
  };
}
