/** The Authorization header that a challenge is answered with. Source: distribution spec, "Token Authentication". */
import { PiggyError } from "../error.ts";
import { objectOf, parseJson } from "../json.ts";
import { answerable, type Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { checkAddress } from "./endpoint.ts";
import { ComeBackLater } from "./retry-after.ts";
import { type RegistrySession, readBody, send } from "./session.ts";

const LONGEST_TOKEN_ANSWER = 64 * 1024;

/** One for each challenge that there is something to say to, made when it is its turn, the best first. */
export function authorizationsFor(
  session: RegistrySession,
  challenges: readonly Challenge[],
): readonly (() => Promise<string>)[] {
  const basic = session.credentials && basicAuthorization(session.credentials);
  return answerable(challenges).flatMap((challenge) => {
    if (challenge.scheme !== "basic") return [() => bearerAuthorization(session, challenge, basic)];
    // Without a name and a password there is nothing to say to Basic.
    return basic === undefined ? [] : [async () => basic];
  });
}

/** Source: RFC 7617, in UTF-8 as container runtimes send it. */
function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** @throws PiggyError `image_unauthorized` when no token is given, `registry_unavailable`, `image_host_refused` */
async function bearerAuthorization(
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
  const value = objectOf(parseJson(new TextDecoder().decode(body)));
  const token = value["token"] ?? value["access_token"];
  if (response.ok && typeof token === "string") return `Bearer ${token}`;
  if (response.status === 429 || response.status === 503) {
    throw new ComeBackLater(realm.origin, response.status, response.headers.get("Retry-After"));
  }
  if (response.status >= 500) {
    throw new PiggyError("registry_unavailable", `${realm.origin}: ${response.status}`);
  }
  throw new PiggyError("image_unauthorized", `${realm.origin} gives no token: ${response.status}`);
}
