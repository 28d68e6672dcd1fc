/** Requests to a registry, and to where it sends us, for one image and as one login. */
import { rootCertificates } from "node:tls";
import { messageOf, PiggyError } from "../error.ts";
import type { Authorization } from "./authorization.ts";
import type { KeptAuthorization } from "./authorization-cache.ts";
import type { Credentials } from "./credentials.ts";
import type { Reach } from "./reach.ts";
import type { RegistrySettings } from "./registry-settings.ts";

export interface RegistrySession {
  readonly settings: RegistrySettings;
  readonly skipVerify: boolean;
  readonly credentials: Credentials | undefined;
  /** `repository:NAME:pull` */
  readonly scope: string;
  readonly signal: AbortSignal;
  readonly reach: Reach;
  /** For the look-ups that come next. */
  readonly kept: KeptAuthorization;
  /** What the registry is shown; `isKept` where no challenge of this look-up was answered with it. */
  shown: { readonly authorization: Authorization; readonly isKept: boolean } | undefined;
}

/** The answer, whatever its status; redirects are not followed. @throws PiggyError `registry_unavailable`, `image_host_refused` */
export async function send(
  { settings, skipVerify, signal, reach }: RegistrySession,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const ca = settings.ca === undefined ? {} : { ca: [...rootCertificates, settings.ca] };
  try {
    return await reach(url, { headers, signal, tls: { ...ca, rejectUnauthorized: !skipVerify } });
  } catch (error) {
    if (error instanceof PiggyError) throw error;
    const what = signal.aborted ? "no answer in time" : messageOf(error);
    throw new PiggyError("registry_unavailable", `${url.origin}: ${what}`, { cause: error });
  }
}

/** @throws PiggyError `image_unsupported` for one that is longer */
export async function readBody(response: Response, atMost: number, address: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > atMost) throw new PiggyError("image_unsupported", `${address}: more than ${atMost} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
