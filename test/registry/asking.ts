/** What an image runs, asked for as admission does. */
import { type AuthorizationCache, createAuthorizationCache } from "../../lib/registry/authorization-cache.ts";
import type { Credentials } from "../../lib/registry/credentials.ts";
import { createImageCache, type ImageCache } from "../../lib/registry/image-cache.ts";
import { type ImageQuery, readImageCommand } from "../../lib/registry/image-command.ts";
import { ANONYMOUS, storedLogin } from "../../lib/registry/login.ts";
import { type Network, networkOf } from "../../lib/registry/network.ts";
import type { RegistrySettings } from "../../lib/registry/registry-settings.ts";
import { parseMirrors } from "../../lib/registry/source.ts";

export const AMD64 = { os: "linux", architecture: "amd64" } as const;
export const ARM64 = { os: "linux", architecture: "arm64" } as const;

export interface Asking extends Partial<Omit<ImageQuery, "image" | "logins" | "deadline">> {
  readonly signal?: AbortSignal;
  readonly remainingMs?: number;
  readonly credentials?: readonly Credentials[];
  readonly ca?: string;
  readonly network?: Partial<Network>;
  /** As in PIGGY_REGISTRY_MIRRORS. */
  readonly mirrors?: string;
  /** By default one that knows nothing. */
  readonly cache?: ImageCache;
  /** By default one that knows nothing. */
  readonly authorizations?: AuthorizationCache;
}

/** Asks registries that the operator has configured by their origins. */
export function askFor(image: string, origins: readonly string[], asking: Asking = {}) {
  const { credentials = [], ca, cache = createImageCache(), signal, remainingMs = 10_000 } = asking;
  const { authorizations = createAuthorizationCache() } = asking;
  const { platform = AMD64, skipVerify = false, imagePullPolicy } = asking;
  const network = { ...networkOf({}), ...asking.network };
  const trustedOrigins = new Set(origins);
  const mirrors = parseMirrors(asking.mirrors ?? "", trustedOrigins);
  const settings: RegistrySettings = { trustedOrigins, ca, mirrors, network };
  return readImageCommand(
    {
      image,
      platform,
      skipVerify,
      imagePullPolicy,
      // At once, as where there are no Secrets to read: what is known is then told at once.
      logins: () => [...credentials.map(storedLogin), ANONYMOUS],
      deadline: { signal: signal ?? AbortSignal.timeout(10_000), remaining: () => remainingMs },
    },
    { settings, authorizations, cache },
  );
}
