/** As whom a registry is asked. */
import type { Credentials } from "./credentials.ts";
import type { EcrRegistry } from "./ecr-host.ts";
import type { EcrLogins } from "./ecr-logins.ts";

export interface Login {
  readonly by: "stored" | "aws" | "nobody";
  /** Tells it from all others without giving it away: what one was told is not told to another. */
  readonly key: string;
  /** Undefined where there is nothing to show. Asked for when it is this one's turn. */
  readonly credentials: (signal: AbortSignal) => Promise<Credentials | undefined>;
  /** What can be done when the registry refuses it. */
  readonly advice?: string;
}

export const ANONYMOUS: Login = { by: "nobody", key: "anonymous", credentials: async () => undefined };

export function storedLogin(credentials: Credentials): Login {
  const text = JSON.stringify([credentials.username, credentials.password]);
  const key = new Bun.CryptoHasher("sha256").update(text).digest("hex");
  return { by: "stored", key, credentials: async () => credentials };
}

/**
 * The webhook's own AWS identity, which is one and the same however often its password changes. ECR lets nobody in
 * who says nothing.
 */
export function ecrLogin(registry: EcrRegistry, logins: EcrLogins): Login {
  return {
    by: "aws",
    key: "aws",
    credentials: (signal) => logins(registry, signal),
    advice:
      "the role of piggy-webhooks needs ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository, whose own " +
      "policy must allow them to another account",
  };
}
