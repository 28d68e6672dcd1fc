/** The API server's REST, as a client with all rights speaks it. */
import { anyObject, type JsonObject } from "../fakes/kubernetes/schema.ts";

export interface Answer {
  readonly status: number;
  /** The object, or the Status that says why not. */
  readonly body: JsonObject;
  /** What `kubectl` would print in front of its own words. */
  readonly warnings: readonly string[];
}

export interface ApiClient {
  call(method: string, path: string, body?: object, contentType?: string): Promise<Answer>;
  /** What is not an object but text, such as a container's log. @throws Error with the API server's words */
  text(path: string): Promise<string>;
}

const TIMEOUT_MS = 60_000;

export function apiClient(url: string, ca: string, token: string): ApiClient {
  const send = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { Authorization: `Bearer ${token}`, ...init.headers },
      tls: { ca },
      proxy: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  return {
    async call(method, path, body, contentType = "application/json") {
      const response = await send(path, {
        method,
        headers: { Accept: "application/json", "Content-Type": contentType },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return {
        status: response.status,
        body: anyObject(await response.json(), path),
        warnings: parseWarnings(response.headers.get("Warning") ?? ""),
      };
    },
    async text(path) {
      const response = await send(path);
      const text = await response.text();
      if (response.ok) return text;
      throw new Error(`GET ${path}: ${response.status} ${text}`);
    },
  };
}

/** Several fields of one header come as one, with commas between. Source: RFC 7234, section 5.5. */
function parseWarnings(header: string): readonly string[] {
  const texts = [...header.matchAll(/(?:^|, )299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replace(/\\(.)/g, "$1"),
  );
  if (header !== "" && texts.length === 0) throw new Error(`unreadable Warning: ${header}`);
  return texts;
}
