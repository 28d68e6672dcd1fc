/** GET from a registry: its authentication, its redirects, no more bytes than asked for. */
import { rootCertificates } from "node:tls";
import { messageOf, PiggyError } from "../error.ts";
import { isJsonObject, parseJson } from "../json.ts";
import { answerable, type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { checkAddress } from "./endpoint.ts";
import type { Reach } from "./reach.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import { ComeBackLater } from "./retry-after.ts";

export interface RegistrySession {
  readonly settings: RegistrySettings;
  readonly skipVerify: boolean;
  readonly credentials: Credentials | undefined;
  /** `repository:NAME:pull` */
  readonly scope: string;
  readonly signal: AbortSignal;
  readonly reach: Reach;
  /** The Authorization header that the registry's last challenge was answered with. */
  authorization?: string;
}

const MOST_REDIRECTS = 3;
const LONGEST_TOKEN_ANSWER = 64 * 1024;

export interface Blob {
  readonly status: number;
  readonly mediaType: string;
  readonly retryAfter: string | null;
  readonly bytes: Uint8Array;
}

/**
 * Gets an address, authenticating where that is asked for.
 * @throws PiggyError `registry_unavailable`, `image_unauthorized`, `image_host_refused`
 */
export async function getBlob(
  session: RegistrySession,
  address: string,
  accept: string,
  atMost: number,
): Promise<Blob> {
  let { response, origin } = await follow(session, address, accept);
  // The challenge of an origin that the registry redirects to is not to be answered with the registry's credentials.
  if (response.status === 401 && origin === new URL(address).origin) {
    response = await authenticate(session, response, address, accept);
  }
  const mediaType = (response.headers.get("Content-Type") ?? "").split(";", 1)[0]?.trim() ?? "";
  const retryAfter = response.headers.get("Retry-After");
  return { status: response.status, mediaType, retryAfter, bytes: await readBody(response, atMost, address) };
}

/** The answer, and the origin that it is from. */
async function follow(session: RegistrySession, address: string, accept: string) {
  let url = checkAddress(address, session.settings);
  const { origin } = url;
  for (let redirects = 0; ; redirects += 1) {
    // The registry's credentials are the registry's alone: what it points to elsewhere is signed in its own way.
    const authorization = url.origin === origin ? session.authorization : undefined;
    const headers = { Accept: accept, ...(authorization ? { Authorization: authorization } : {}) };
    const response = await send(session, url, headers);
    const location = response.headers.get("Location");
    if (response.status < 300 || response.status >= 400 || location === null) {
      return { response, origin: url.origin };
    }
    await response.body?.cancel();
    if (redirects === MOST_REDIRECTS)
      throw new PiggyError("registry_unavailable", `${origin} redirects without end`);
    url = checkAddress(new URL(location, url).href, session.settings);
  }
}

async function send(session: RegistrySession, url: URL, headers: Record<string, string>): Promise<Response> {
  const { settings, skipVerify, signal, reach } = session;
  const ca = settings.ca === undefined ? {} : { ca: [...rootCertificates, settings.ca] };
  try {
    return await reach(url, { headers, signal, tls: { ...ca, rejectUnauthorized: !skipVerify } });
  } catch (error) {
    if (error instanceof PiggyError) throw error;
    const what = signal.aborted ? "no answer in time" : messageOf(error);
    throw new PiggyError("registry_unavailable", `${url.origin}: ${what}`, { cause: error });
  }
}

/** The answer to the first of the challenges that the registry takes; its refusal where it takes none. */
async function authenticate(
  session: RegistrySession,
  challenged: Response,
  address: string,
  accept: string,
): Promise<Response> {
  const basic = session.credentials && basicAuthorization(session.credentials);
  const challenges = parseChallenges(challenged.headers.get("WWW-Authenticate"));
  // Without a name and a password there is nothing to say to Basic.
  const usable = answerable(challenges).filter(({ scheme }) => scheme !== "basic" || basic !== undefined);
  await challenged.body?.cancel();
  let refusal = nothingToSay(address, challenges);
  for (const challenge of usable) {
    try {
      session.authorization =
        challenge.scheme === "basic" && basic
          ? basic
          : `Bearer ${await fetchToken(session, challenge, basic)}`;
    } catch (error) {
      // A token that is not given may be one of two ways in.
      if (!(error instanceof PiggyError) || error.code !== "image_unauthorized") throw error;
      refusal = error;
      continue;
    }
    const { response } = await follow(session, address, accept);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    refusal = new PiggyError("image_unauthorized", `${new URL(address).origin} answers 401`);
  }
  throw refusal;
}

function nothingToSay(address: string, challenges: readonly Challenge[]): PiggyError {
  const schemes = [...new Set(challenges.map(({ scheme }) => scheme.slice(0, 20)))].slice(0, 5).join(", ");
  const asked = schemes === "" ? "no way to authenticate" : `${schemes} authentication`;
  return new PiggyError("image_unauthorized", `${new URL(address).origin} asks for ${asked}`);
}

/** Source: RFC 7617, in UTF-8 as container runtimes send it. */
function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function fetchToken(
  session: RegistrySession,
  challenge: Challenge,
  basic: string | undefined,
): Promise<string> {
  const realm = checkAddress(challenge.parameters.get("realm") ?? "", session.settings);
  const service = challenge.parameters.get("service");
  if (service) realm.searchParams.set("service", service);
  realm.searchParams.set("scope", session.scope);
  const response = await send(session, realm, basic ? { Authorization: basic } : {});
  const body = await readBody(response, LONGEST_TOKEN_ANSWER, realm.origin);
  const value = parseJson(new TextDecoder().decode(body));
  const token = isJsonObject(value) ? (value["token"] ?? value["access_token"]) : undefined;
  if (response.ok && typeof token === "string") return token;
  if (response.status === 429 || response.status === 503) {
    throw new ComeBackLater(realm.origin, response.status, response.headers.get("Retry-After"));
  }
  if (response.status >= 500) {
    throw new PiggyError("registry_unavailable", `${realm.origin}: ${response.status}`);
  }
  throw new PiggyError("image_unauthorized", `${realm.origin} gives no token: ${response.status}`);
}

async function readBody(response: Response, atMost: number, address: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > atMost) throw new PiggyError("image_unsupported", `${address}: more than ${atMost} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
