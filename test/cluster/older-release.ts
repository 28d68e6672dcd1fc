/** A release of the older chart: its objects, its webhook and its injector, as far as anybody sees them. */
import { fileURLToPath } from "node:url";
import { compiledGo } from "../support/programs.ts";
import type { OneNode } from "./one-node.ts";
import { buildProgramImage } from "./program-image.ts";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/older/${name}`, import.meta.url));

export const OLDER_CHART = fixture("chart");

/** Without their tag. */
export interface OlderImages {
  readonly webhook: string;
  readonly injector: string;
  /** The injector in a repository of the operator's. */
  readonly mirrored: string;
}

export const OLDER_TAG = "0.7.0";

export async function pushOlderImages(node: OneNode): Promise<OlderImages> {
  const push = async (name: "webhook" | "injector", repository: string) => {
    const program = await compiledGo(fixture(name), `older-${name}`);
    await buildProgramImage(node.buildah, `localhost/older-${name}`, program);
    await node.push(`localhost/older-${name}`, `${repository}:${OLDER_TAG}`);
    return `${node.registry.host}/${repository}`;
  };
  return {
    webhook: await push("webhook", "kongz/piggy-webhooks"),
    injector: await push("injector", "kongz/piggy-env"),
    mirrored: await push("injector", "mirror/piggy-env"),
  };
}

/** Values that bring these images, besides the operator's own. */
export const olderValues = (
  { webhook, injector }: OlderImages,
  secret: Readonly<Record<string, string>>,
) => ({
  image: { repository: webhook, tag: OLDER_TAG },
  mutate: { image: { repository: injector, tag: OLDER_TAG } },
  // What its webhook takes for AWS.
  env: { OLDER_SECRET: JSON.stringify(secret) },
});
