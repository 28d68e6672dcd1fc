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
  session: RegistrySession,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const { settings, skipVerify, signal, reach } = session;
  const ca = settings.ca === undefined ? {} : { ca: [...rootCertificates, settings.ca] };
  try {
    return await reach(url, { headers, signal, tls: { ...ca, rejectUnauthorized: !skipVerify } });
  } catch (error) {
    throw failure(session, url, error);
  }
}

/**
 * The body of an answer from there.
 * @throws PiggyError `image_unsupported` for one that is longer, `registry_unavailable` for one that does not end well
 */
export async function readBody(
  session: RegistrySession,
  response: Response,
  from: URL,
  atMost: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > atMost)
        throw new PiggyError("image_unsupported", `${from.origin}: more than ${atMost} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw failure(session, from, error);
  }
  return Buffer.concat(chunks);
}

/** Leaves the body of an answer, which may be broken all the same, where it is. */
export async function leaveBody(response: Response): Promise<void> {
  try {
    await response.body?.cancel();
  } catch {
    // Nobody was to read it.
  }
}

function failure({ signal }: RegistrySession, url: URL, error: unknown): PiggyError {
  if (error instanceof PiggyError) return error;
  const what = signal.aborted ? "no answer in time" : reasonOf(error);
  return new PiggyError("registry_unavailable", `${url.origin}: ${what}`, { cause: error });
}

/** Without what fetch says to its programmer, and without the address, whose query may hold a signature. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/ fetching "[^"]*"/, "")
    .replace(/\.? For more information, .*$/s, "");
}
