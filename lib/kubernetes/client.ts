/** The API server over fetch: a method, a path, a body, a deadline. */
import { messageOf, PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, parseJson } from "../json.ts";
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
/** Longer answers than any object that the API server stores are not read. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/** @param token undefined where the client certificate, or nothing, says who we are */
export function createKubernetesClient(
  config: ApiServer,
  token: TokenSource | undefined = config.tokenFile === undefined
    ? undefined
    : tokenFromFile(config.tokenFile),
): KubernetesClient {
  const { url, ca, clientCertificate, serverName, skipVerify, proxy } = config;
  const tls = {
    ca,
    ...clientCertificate,
    ...(serverName === undefined ? {} : { serverName }),
    ...(skipVerify ? { rejectUnauthorized: false } : {}),
  };
  const send = async ({ method, path, body, contentType, accept = JSON_TYPE, signal }: ApiRequest) =>
    fetch(url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${await token.current()}` }),
        Accept: accept,
        ...(body === undefined ? {} : { "Content-Type": contentType ?? JSON_TYPE }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tls,
      // Inside a cluster the API server is never behind the proxy that HTTPS_PROXY names.
      ...(proxy === "environment" ? {} : { proxy: proxy ?? false }),
      redirect: "error",
      signal,
    });
  return {
    async request(request) {
      try {
        let response = await send(request);
        if (response.status === 401 && token !== undefined) {
          // The file may hold a newer token than the one that was refused.
          token.forget();
          response = await send(request);
        }
        return await parseResponse(response, request);
      } catch (error) {
        throw unavailable(error, request);
      }
    },
  };
}

async function parseResponse(response: Response, request: ApiRequest): Promise<ApiResponse> {
  if (Number(response.headers.get("Content-Length") ?? 0) > LONGEST_ANSWER) {
    throw new Error(`an answer of more than ${LONGEST_ANSWER} bytes`);
  }
  const value = parseJson(await response.text());
  const object = isJsonObject(value) ? value : {};
  if (response.ok && isJsonObject(value)) return { ok: true, object };
  const message = typeof object["message"] === "string" ? object["message"] : response.statusText;
  const reason = typeof object["reason"] === "string" ? object["reason"] : "";
  if (response.ok || response.status === 429 || response.status >= 500) {
    throw unavailable(new Error(`${response.status} ${message}`), request);
  }
  return { ok: false, code: response.status, reason, message };
}

function unavailable(error: unknown, { method, path, signal }: ApiRequest): PiggyError {
  if (error instanceof PiggyError) return error;
  const what = signal.aborted ? "no answer in time" : messageOf(error);
  return new PiggyError("kubernetes_unavailable", `Kubernetes API: ${method} ${path}: ${what}`, {
    cause: error,
  });
}
