/** The API server: a method, a path, a body, a deadline. */
import { messageOf, PiggyError } from "../error.ts";
import { LONGEST_ANSWER } from "../http-answer.ts";
import { isJsonObject, type JsonObject, objectOf, parseJson, stringOf } from "../json.ts";
import { type TokenSource, tokenFromFile } from "./token.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** Absolute, its parts already escaped. */
  readonly path: string;
  readonly body?: JsonObject | readonly JsonObject[];
  /** The form of the body; by default the object as JSON. */
  readonly contentType?: string;
  /** The form of the answer; by default the object as JSON. */
  readonly accept?: string;
  /** What need not be read of the answer's text. */
  readonly shorten?: (text: string) => string;
  readonly signal: AbortSignal;
}

/** An answer of the API server's that is an object, or its Status where it refused. */
export type ApiResponse =
  | { readonly ok: true; readonly object: JsonObject }
  | { readonly ok: false; readonly code: number; readonly reason: string; readonly message: string };

export interface KubernetesClient {
  /**
   * @throws PiggyError `kubernetes_unavailable` when no answer came in time or the server cannot answer now (429,
   * 5xx); every other status is an answer.
   */
  request(request: ApiRequest): Promise<ApiResponse>;
}

/** Where an API server is, and who we are to it besides a token. All that is of certificates is PEM. */
export interface ApiServer {
  /** https://HOST:PORT, an IPv6 host in brackets; a path may follow. */
  readonly url: string;
  /** Undefined leaves it to the built-in roots. */
  readonly ca: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
  /** The name that its certificate is checked against, where it is not the address's. */
  readonly serverName?: string | undefined;
  readonly skipVerify?: boolean | undefined;
  /** An address, or what HTTPS_PROXY says; by default none. */
  readonly proxy?: string | "environment" | undefined;
}

const JSON_TYPE = "application/json";

/** A request as it goes over the wire. */
export interface Sent {
  readonly method: ApiRequest["method"];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** What came back of it. */
export interface Came {
  readonly status: number;
  readonly reason?: string;
  /** By lower-case name. */
  readonly headers?: { readonly get: (name: string) => string | null | undefined };
  readonly body: string;
}

export type SendToApi = (request: Sent) => Promise<Came>;

/**
 * @param token undefined where the client certificate, or nothing, says who we are
 * @param send what is between us and the API server
 */
export function createKubernetesClient(
  config: ApiServer,
  token: TokenSource | undefined = config.tokenFile === undefined
    ? undefined
    : tokenFromFile(config.tokenFile),
  send: SendToApi = sendByFetch(config),
): KubernetesClient {
  /** Of the last token: the very same text from request to request need not be put together, or looked through. */
  let bearer = { token: "", value: "" };
  const authorizationBy = (text: string | undefined) => {
    if (text === undefined) return undefined;
    if (text !== bearer.token) bearer = { token: text, value: `Bearer ${text}` };
    return bearer.value;
  };
  return {
    async request(request) {
      try {
        const current = token?.current();
        const known = current instanceof Promise ? await current : current;
        let answer = await send(formatRequest(request, authorizationBy(known)));
        if (answer.status === 401 && token !== undefined) {
          // The file may hold a newer token than the one that was refused.
          token.forget();
          answer = await send(formatRequest(request, authorizationBy(await token.current())));
        }
        return parseResponse(answer, request);
      } catch (error) {
        throw unavailable(error, request);
      }
    },
  };
}

function formatRequest(request: ApiRequest, authorization: string | undefined): Sent {
  const { method, path, body, contentType = JSON_TYPE, accept = JSON_TYPE, signal } = request;
  const headers: Record<string, string> = { Accept: accept };
  if (authorization !== undefined) headers["Authorization"] = authorization;
  if (body === undefined) return { method, path, headers, body, signal };
  headers["Content-Type"] = contentType;
  return { method, path, headers, body: JSON.stringify(body), signal };
}

function sendByFetch({ url, ca, clientCertificate, serverName, skipVerify, proxy }: ApiServer): SendToApi {
  const tls = {
    ca,
    ...clientCertificate,
    ...(serverName === undefined ? {} : { serverName }),
    ...(skipVerify ? { rejectUnauthorized: false } : {}),
  };
  return async ({ method, path, headers, body, signal }) => {
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      tls,
      // Inside a cluster the API server is never behind the proxy that HTTPS_PROXY names.
      ...(proxy === "environment" ? {} : { proxy: proxy ?? false }),
      redirect: "error",
      signal,
    });
    if (Number(response.headers.get("Content-Length") ?? 0) > LONGEST_ANSWER) {
      throw new Error(`an answer of more than ${LONGEST_ANSWER} bytes`);
    }
    const { status, statusText, headers: said } = response;
    return { status, reason: statusText, headers: said, body: await response.text() };
  };
}

function parseResponse(answer: Came, request: ApiRequest): ApiResponse {
  const { status } = answer;
  const value = parseJson(request.shorten === undefined ? answer.body : request.shorten(answer.body));
  const isOk = status >= 200 && status < 300;
  if (isOk && isJsonObject(value)) return { ok: true, object: value };
  const object = objectOf(value);
  const message = stringOf(object["message"]) ?? answer.reason ?? "";
  const reason = stringOf(object["reason"]) ?? "";
  if (isOk || status === 429 || status >= 500) {
    throw unavailable(new Error(`${status} ${message}`), request);
  }
  return { ok: false, code: status, reason, message };
}

function unavailable(error: unknown, { method, path, signal }: ApiRequest): PiggyError {
  if (error instanceof PiggyError) return error;
  const what = signal.aborted ? "no answer in time" : messageOf(error);
  return new PiggyError("kubernetes_unavailable", `Kubernetes API: ${method} ${path}: ${what}`, {
    cause: error,
  });
}
