/** A GET and what it is redirected to, nowhere but where a look-up may go. */
import { PiggyError } from "../error.ts";
import { checkAddress } from "./endpoint.ts";
import { leaveBody, type RegistrySession, send } from "./session.ts";

const MOST_REDIRECTS = 3;

type Headers = Readonly<Record<string, string>>;

export interface Answer {
  readonly response: Response;
  /** Where it came from. */
  readonly url: URL;
  /** Whether that is the origin that was asked. */
  readonly isOwn: boolean;
}

/**
 * @param forItself what is for the origin that is asked alone: whoever it redirects to is shown no credentials of it
 * @throws PiggyError `registry_unavailable`, `image_host_refused`
 */
export async function follow(
  session: RegistrySession,
  address: string,
  forAll: Headers,
  forItself: Headers,
): Promise<Answer> {
  let url = checkAddress(address, session.settings);
  const { origin } = url;
  for (let redirects = 0; ; redirects += 1) {
    const isOwn = url.origin === origin;
    const response = await send(session, url, isOwn ? { ...forAll, ...forItself } : forAll);
    const location = response.headers.get("Location");
    if (response.status < 300 || response.status >= 400 || location === null) return { response, url, isOwn };
    await leaveBody(response);
    if (redirects === MOST_REDIRECTS)
      throw new PiggyError("registry_unavailable", `${origin} redirects without end`);
    url = checkAddress(redirectedTo(location, url), session.settings);
  }
}

function redirectedTo(location: string, from: URL): string {
  if (URL.canParse(location, from.href)) return new URL(location, from).href;
  throw new PiggyError("registry_unavailable", `${from.origin} redirects to what is no address`);
}
