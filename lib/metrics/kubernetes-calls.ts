/** The API server's client with a clock beside it. */
import { PiggyError } from "../error.ts";
import type { Call } from "./calls.ts";

export interface Client<Request, Response> {
  readonly request: (request: Request) => Promise<Response>;
}

export type Answer = { readonly ok: true } | { readonly ok: false; readonly code: number };

/**
 * A client that says of each call what it was for and how it ended: the resource's plural, or `version`; `ok`, a word
 * for what the API server refused with, or `unavailable` where it gave no answer.
 */
export function measureClient<Request extends { readonly path: string }, Response extends Answer>(
  client: Client<Request, Response>,
  observe: (call: Call) => void,
  now: () => number = () => performance.now(),
): Client<Request, Response> {
  return {
    async request(request) {
      const begun = now();
      const told = (outcome: string) =>
        observe({ what: kindIn(request.path), outcome, seconds: (now() - begun) / 1000 });
      try {
        const response = await client.request(request);
        told(response.ok ? "ok" : refusal(response.code));
        return response;
      } catch (error) {
        told(
          error instanceof PiggyError && error.code === "kubernetes_unavailable" ? "unavailable" : "failed",
        );
        throw error;
      }
    },
  };
}

const NAMESPACES = "/namespaces/";
const KINDS: ReadonlySet<string> = new Set([
  "configmaps",
  "events",
  "nodes",
  "pods",
  "secrets",
  "serviceaccounts",
  "tokenreviews",
  "version",
]);

/**
 * The plural in a path: after the namespace, or the last of it. Namespaces and names are others' to choose.
 * Source: Kubernetes documentation, "Kubernetes API Concepts", Resource URIs.
 */
function kindIn(path: string): string {
  const query = path.indexOf("?");
  const end = query < 0 ? path.length : query;
  const kind = namespacedIn(path, end) ?? path.slice(path.lastIndexOf("/", end - 1) + 1, end);
  return KINDS.has(kind) ? kind : "other";
}

function namespacedIn(path: string, end: number): string | undefined {
  const namespaces = path.indexOf(NAMESPACES);
  if (namespaces < 0 || namespaces >= end) return undefined;
  const before = path.indexOf("/", namespaces + NAMESPACES.length);
  if (before < 0 || before >= end) return undefined;
  const after = path.indexOf("/", before + 1);
  return path.slice(before + 1, after < 0 ? end : Math.min(after, end));
}

function refusal(code: number): string {
  switch (code) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    default:
      return "refused";
  }
}
