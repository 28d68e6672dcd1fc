/** The token that an injector shows to the webhook, and to nobody else. */
import { isJsonObject } from "./json.ts";
import type { Pod } from "./pod.ts";

export const TOKEN_AUDIENCE = "piggysec.com";

/** Whether a Pod has a volume that projects a token for us, whatever its name. */
export function hasOwnTokenVolume(pod: Pod): boolean {
  return pod.volumes.some(({ projected }) => {
    const sources = isJsonObject(projected) ? projected["sources"] : undefined;
    return Array.isArray(sources) && sources.some(isOwnTokenSource);
  });
}

function isOwnTokenSource(source: unknown): boolean {
  const token = isJsonObject(source) ? source["serviceAccountToken"] : undefined;
  return isJsonObject(token) && token["audience"] === TOKEN_AUDIENCE;
}
