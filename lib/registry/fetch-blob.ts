/** GET from a registry: its authentication, its redirects, no more bytes than asked for. */
import { PiggyError } from "../error.ts";
import { authorizationsFor, headerOf } from "./authorization.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type Answer, follow } from "./follow.ts";
import { leaveBody, type RegistrySession, readBody } from "./session.ts";

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
  let answer = await askAsKept(session, address, accept);
  // The challenge of an origin that the registry redirects to is not to be answered with the registry's credentials.
  if (answer.response.status === 401 && answer.isOwn) {
    answer = await authenticate(session, answer.response, address, accept);
  }
  const { response, url } = answer;
  const mediaType = (response.headers.get("Content-Type") ?? "").split(";", 1)[0]?.trim() ?? "";
  const retryAfter = response.headers.get("Retry-After");
  const bytes = await readBody(session, response, url, atMost);
  return { status: response.status, mediaType, retryAfter, bytes };
}

/** What was kept is good until the registry refuses it, and is then asked as if nothing had been. */
async function askAsKept(session: RegistrySession, address: string, accept: string) {
  const answer = await ask(session, address, accept);
  const { status } = answer.response;
  const isRefused = answer.isOwn && (status === 401 || status === 403);
  if (!session.shown?.isKept || !isRefused) return answer;
  // Not by this answer's challenge: there are registries that send none to who shows a token that is over.
  await leaveBody(answer.response);
  session.kept.drop();
  session.shown = undefined;
  return await ask(session, address, accept);
}

function ask(session: RegistrySession, address: string, accept: string): Promise<Answer> {
  const { shown, credentials } = session;
  const authorization = shown && headerOf(shown.authorization, credentials);
  return follow(session, address, { Accept: accept }, authorization ? { Authorization: authorization } : {});
}

/** The answer to the first of the challenges that the registry takes; its refusal where it takes none. */
async function authenticate(
  session: RegistrySession,
  challenged: Response,
  address: string,
  accept: string,
): Promise<Answer> {
  const challenges = parseChallenges(challenged.headers.get("WWW-Authenticate"));
  await leaveBody(challenged);
  let refusal = nothingToSay(address, challenges);
  for (const authorize of authorizationsFor(session, challenges)) {
    try {
      session.shown = { authorization: await authorize(), isKept: false };
    } catch (error) {
      // A token that is not given may be one of two ways in.
      if (!(error instanceof PiggyError) || error.code !== "image_unauthorized") throw error;
      refusal = error;
      continue;
    }
    const answer = await ask(session, address, accept);
    const { response } = answer;
    if (response.ok) session.kept.keep(session.shown.authorization);
    if (response.status !== 401) return answer;
    await leaveBody(response);
    refusal = new PiggyError("image_unauthorized", `${new URL(address).origin} answers 401`);
  }
  throw refusal;
}

function nothingToSay(address: string, challenges: readonly Challenge[]): PiggyError {
  const schemes = [...new Set(challenges.map(({ scheme }) => scheme.slice(0, 20)))].slice(0, 5).join(", ");
  const asked = schemes === "" ? "no way to authenticate" : `${schemes} authentication`;
  return new PiggyError("image_unauthorized", `${new URL(address).origin} asks for ${asked}`);
}
