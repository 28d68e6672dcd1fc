/** Proxy mode: the webhook is asked. */
import { type Connection, connect } from "../connection.ts";
import { type ErrorCode, messageOf, PiggyError } from "../error.ts";
import type { Answer } from "../http-answer.ts";
import { isJsonObject, parseJson } from "../json.ts";
import { argvDigest, argvSignature } from "../signature.ts";
import { trimEndOf } from "../text.ts";
import { bytesOf } from "./bytes.ts";
import { connectEither } from "./connect-either.ts";
import { readText } from "./files.ts";
import { formatRequest, hostAndPort } from "./request.ts";
import type { Findings } from "./resolution.ts";
import type { Mark } from "./timeline.ts";

const DEFAULT_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** Longer than the webhook takes to say that it cannot. */
const TIMEOUT_MS = 12_000;
const WIRE_FAULTS: ReadonlySet<ErrorCode> = new Set([
  "connection_failed",
  "answer_invalid",
  "peer_untrusted",
]);
/** How long the Service's address is tried alone. */
const ADDRESS_FIRST_MS = 250;

export interface ProxyQuery {
  /** Piggy's own variables. */
  readonly own: ReadonlyMap<string, string>;
  readonly argv: readonly string[];
  readonly keys: readonly string[];
  readonly skipVerifyTls: boolean;
  readonly mark: Mark;
  /** How to connect to a name, where the C library is not to look it up. */
  readonly connectByName?: typeof connect | undefined;
}

/**
 * @throws PiggyError `webhook_unreachable`, `webhook_refused`, `not_allowed`, `token_missing`
 */
export async function askWebhook(query: ProxyQuery): Promise<Findings> {
  const { own } = query;
  const address = own.get("PIGGY_ADDRESS");
  const scheme = URL.parse(address ?? "")?.protocol;
  // Any other would be asked as http is, with the token.
  if (!address || (scheme !== "https:" && scheme !== "http:")) {
    throw new PiggyError(
      "usage",
      "PIGGY_ADDRESS is not set to the webhook's address, which begins with https://, and PIGGY_STANDALONE is not true",
    );
  }
  const url = new URL(`${trimEndOf(address, "/")}/secret`);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const connecting = connectToWebhook(url, query, signal);
  const request = whileConnecting(connecting, () =>
    formatRequest({ method: "POST", url, ...contentOf(query) }),
  );
  try {
    const connection = await connecting;
    return await parseFindings(await connection.exchange(request, signal), url, query.keys);
  } catch (error) {
    if (error instanceof PiggyError && !WIRE_FAULTS.has(error.code)) throw error;
    const isUntrusted = error instanceof PiggyError && error.code === "peer_untrusted";
    throw new PiggyError(
      isUntrusted ? "webhook_untrusted" : "webhook_unreachable",
      `piggy-webhooks at ${url.origin}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Work that the connection is not needed for; when it fails, neither is the connection. */
function whileConnecting<T>(connecting: Promise<Connection>, work: () => T): T {
  try {
    return work();
  } catch (error) {
    connecting.then(
      (connection) => connection.close(),
      () => {},
    );
    throw error;
  }
}

/**
 * By the Service's address first: its name costs up to four look-ups, and the certificate is checked against the name
 * all the same. The address may be gone, so the name is tried as well.
 */
function connectToWebhook(
  url: URL,
  { own, skipVerifyTls, mark, connectByName = connect }: ProxyQuery,
  signal: AbortSignal,
): Promise<Connection> {
  const ca = own.get("PIGGY_CA") || undefined;
  const named = hostAndPort(url);
  const tls =
    url.protocol === "https:" ? { ca, serverName: named.hostname, verify: !skipVerifyTls } : undefined;
  const byName = (until: AbortSignal) => connectByName({ ...named, tls }, until, mark);
  const service = own.get("PIGGY_SERVICE");
  // Unverified, the address could by now be somebody else's.
  if (!service || skipVerifyTls || tls === undefined || !URL.canParse(`https://${service}`))
    return byName(signal);
  const byAddress = (until: AbortSignal) =>
    connect({ ...hostAndPort(new URL(`https://${service}`)), tls }, until, mark);
  return connectEither(byAddress, byName, ADDRESS_FIRST_MS, signal);
}

function contentOf({ own, argv, keys }: ProxyQuery) {
  const tokenFile = own.get("PIGGY_TOKEN_FILE");
  return {
    headers: { "Content-Type": "application/json", "X-Token": readToken(tokenFile ?? DEFAULT_TOKEN_FILE) },
    body: JSON.stringify({
      resources: "pods",
      name: own.get("PIGGY_POD_NAME") ?? "",
      uid: own.get("PIGGY_UID") ?? "",
      // Who gave the container a token knows the digest; an older webhook knows the signature.
      signature: tokenFile === undefined ? argvSignature(argv) : argvDigest(argv),
      references: keys,
    }),
  };
}

function readToken(file: string): string {
  try {
    return readText(bytesOf(file)).trim();
  } catch (cause) {
    throw new PiggyError("token_missing", `cannot read the service-account token: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function parseFindings(answer: Answer, url: URL, keys: readonly string[]): Promise<Findings> {
  const absence = absenceIn(answer);
  if (absence !== undefined) {
    return { values: new Map(), failures: new Map(keys.map((key) => [key, absence])) };
  }
  const values = parseValues(answer, url);
  const unresolved = answer.headers.get("x-piggy-unresolved");
  if (unresolved === undefined) return { values, failures: new Map() };
  const { parseUnresolved } = await import("./unresolved.ts");
  return { values, failures: parseUnresolved(unresolved, keys, values) };
}

/** That the Pod's secret is not there, where nothing else was asked for: beside store entries it stands in the header. */
function absenceIn({ status, headers, body }: Answer): PiggyError | undefined {
  if (status !== 400 || headers.get("x-piggy-code") !== "secret_not_found") return undefined;
  return new PiggyError("secret_not_found", body.trim().slice(0, 1000) + requestIn(headers));
}

function parseValues({ status, headers, body }: Answer, url: URL): ReadonlyMap<string, string> {
  if (status === 403) {
    throw new PiggyError("not_allowed", `piggy-webhooks: decision not allowed${requestIn(headers)}`);
  }
  if (status < 200 || status > 299) {
    const isPassing = status === 429 || status >= 500;
    // By which its documentation says what to do.
    const code = /^[a-z_]{1,40}$/.exec(headers.get("x-piggy-code") ?? "")?.[0];
    const said = [code, body.trim().slice(0, 1000)].filter((part) => part).join(": ");
    throw new PiggyError(
      isPassing ? "webhook_unavailable" : "webhook_refused",
      `piggy-webhooks: ${status} ${said}`.trimEnd() + requestIn(headers),
    );
  }
  const value = parseJson(body);
  if (!isJsonObject(value)) {
    throw new PiggyError("webhook_refused", `${url.origin} does not answer as piggy-webhooks does`);
  }
  const values = new Map<string, string>();
  for (const [key, entry] of Object.entries(value)) if (typeof entry === "string") values.set(key, entry);
  return values;
}

/** What the webhook's log calls the request, for whoever looks for the reason there. */
function requestIn(headers: Answer["headers"]): string {
  const id = headers.get("x-request-id") ?? "";
  return /^[\w.:=-]{1,100}$/.test(id) ? ` (request ${id})` : "";
}
