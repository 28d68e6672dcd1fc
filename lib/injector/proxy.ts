/** Proxy mode: the webhook is asked. */
import { readFileSync } from "node:fs";
import { messageOf, PiggyError } from "../error.ts";
import { isJsonObject, parseJson } from "../json.ts";
import { argvDigest, argvSignature } from "../signature.ts";
import type { Values } from "./resolution.ts";

const DEFAULT_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** Longer than the webhook takes to say that it cannot. */
const TIMEOUT_MS = 12_000;

export interface ProxyQuery {
  /** Piggy's own variables. */
  readonly own: ReadonlyMap<string, string>;
  readonly argv: readonly string[];
  readonly keys: readonly string[];
  readonly skipVerifyTls: boolean;
}

/**
 * @throws PiggyError `webhook_unreachable`, `webhook_refused`, `not_allowed`, `token_missing`
 */
export async function askWebhook(query: ProxyQuery): Promise<Values> {
  const { own } = query;
  const address = own.get("PIGGY_ADDRESS");
  if (!address || !URL.canParse(address)) {
    throw new PiggyError(
      "usage",
      "PIGGY_ADDRESS is not set to the webhook's address, and PIGGY_STANDALONE is not true",
    );
  }
  const url = new URL(`${address.replace(/\/+$/, "")}/secret`);
  const service = own.get("PIGGY_SERVICE");
  const request = requestOf(query);
  // By address first: a Service's name costs up to four look-ups, and the certificate is checked against it all the same.
  const answer = await (service === undefined || query.skipVerifyTls
    ? send(url, undefined, request)
    : send(url, service, request).catch(() => send(url, undefined, request)));
  return parseValues(answer, url);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized: boolean };
}

function requestOf({ own, argv, keys, skipVerifyTls }: ProxyQuery): Request {
  const tokenFile = own.get("PIGGY_TOKEN_FILE");
  const ca = own.get("PIGGY_CA");
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
    tls: { ...(ca ? { ca } : {}), rejectUnauthorized: !skipVerifyTls },
  };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new PiggyError("token_missing", `cannot read the service-account token: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function send(
  url: URL,
  connectTo: string | undefined,
  { headers, body, tls }: Request,
): Promise<Answer> {
  const target = new URL(url);
  if (connectTo !== undefined) target.host = connectTo;
  try {
    const response = await fetch(target, {
      method: "POST",
      headers: { ...headers, Host: url.host },
      body,
      tls: { ...tls, serverName: url.hostname },
      // The webhook is inside the cluster, wherever the application's HTTPS_PROXY leads.
      proxy: false,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: await response.text() };
  } catch (cause) {
    throw new PiggyError("webhook_unreachable", `piggy-webhooks at ${url.origin}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function parseValues({ status, body }: Answer, url: URL): Values {
  if (status === 403) throw new PiggyError("not_allowed", "piggy-webhooks: decision not allowed");
  if (status < 200 || status > 299) {
    throw new PiggyError("webhook_refused", `piggy-webhooks: ${status} ${body.trim().slice(0, 1000)}`);
  }
  const value = parseJson(body);
  if (!isJsonObject(value)) {
    throw new PiggyError("webhook_refused", `${url.origin} does not answer as piggy-webhooks does`);
  }
  const values = new Map<string, string>();
  for (const [key, entry] of Object.entries(value)) if (typeof entry === "string") values.set(key, entry);
  return values;
}
