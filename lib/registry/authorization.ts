/** The Authorization header that a challenge is answered with. Source: distribution spec, "Token Authentication". */
import { PiggyError } from "../error.ts";
import { type JsonObject, objectOf, parseJson, stringOf } from "../json.ts";
import { answerable, type Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { checkAddress } from "./endpoint.ts";
import { follow } from "./follow.ts";
import { ComeBackLater } from "./retry-after.ts";
import { type RegistrySession, readBody } from "./session.ts";

const LONGEST_TOKEN_ANSWER = 64 * 1024;

/** What a registry takes: the name and the password themselves, which are not held here, or a token. */
export type Authorization =
  | { readonly scheme: "basic" }
  | {
      readonly scheme: "bearer";
      readonly token: string;
      /** From when it was received; below 0 for one that came too late. */
      readonly lifetimeMs: number;
    };

const BASIC: Authorization = { scheme: "basic" };

/** One for each challenge that there is something to say to, made when it is its turn, the best first. */
export function authorizationsFor(
  session: RegistrySession,
  challenges: readonly Challenge[],
): readonly (() => Promise<Authorization>)[] {
  return answerable(challenges).flatMap((challenge) => {
    if (challenge.scheme !== "basic") return [() => bearerAuthorization(session, challenge)];
    // Without a name and a password there is nothing to say to Basic.
    return session.credentials === undefined ? [] : [async () => BASIC];
  });
}

/** Undefined where there is nothing to show. */
export function headerOf(
  authorization: Authorization,
  credentials: Credentials | undefined,
): string | undefined {
  if (authorization.scheme === "bearer") return `Bearer ${authorization.token}`;
  return credentials && basicAuthorization(credentials);
}

/** Source: RFC 7617, in UTF-8 as container runtimes send it. */
function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** @throws PiggyError `image_unauthorized` when no token is given, `registry_unavailable`, `image_host_refused` */
async function bearerAuthorization(session: RegistrySession, challenge: Challenge): Promise<Authorization> {
  const realm = checkAddress(challenge.parameters.get("realm") ?? "", session.settings);
  const service = challenge.parameters.get("service");
  if (service) realm.searchParams.set("service", service);
  realm.searchParams.set("scope", session.scope);
  const { credentials } = session;
  const password = credentials ? { Authorization: basicAuthorization(credentials) } : {};
  const { response, url } = await follow(session, realm.href, {}, password);
  const body = await readBody(session, response, url, LONGEST_TOKEN_ANSWER);
  const value = objectOf(parseJson(new TextDecoder().decode(body)));
  // A service that gives an access_token may leave the other empty, and an empty one is none.
  const token = stringOf(value["token"]) || stringOf(value["access_token"]);
  if (response.ok && token) {
    return { scheme: "bearer", token, lifetimeMs: lifetimeOf(value, Date.now()) };
  }
  if (response.status === 429 || response.status === 503) {
    throw new ComeBackLater(url.origin, response.status, response.headers.get("Retry-After"));
  }
  if (response.status >= 500) {
    throw new PiggyError("registry_unavailable", `${url.origin}: ${response.status}`);
  }
  throw new PiggyError("image_unauthorized", `${url.origin} gives no token: ${response.status}`);
}

/** Where a token's answer does not say. Source: distribution spec, "Token Authentication", response fields. */
const DEFAULT_LIFETIME_S = 60;

/** What is left of a token's time, in milliseconds; never more than it has from now on, whatever the issuer's clock. */
function lifetimeOf(answer: JsonObject, now: number): number {
  const { expires_in: seconds, issued_at: issuedAt } = answer;
  const age = Math.max(0, now - Date.parse(stringOf(issuedAt) ?? ""));
  const lifetime = typeof seconds === "number" ? seconds : DEFAULT_LIFETIME_S;
  return lifetime * 1_000 - (Number.isNaN(age) ? 0 : age);
}
