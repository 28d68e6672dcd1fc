import { createEvent } from "./events.ts";
import { answerKept, type KeptRoute, keptRouteOf } from "./kept-objects.ts";
import { listNodes } from "./node-list.ts";
import type { ObjectStore } from "./objects.ts";
import type { Paging } from "./paging.ts";
import type { Webhook } from "./pod-creation.ts";
import { answerPost, type PodRoute, podRouteOf } from "./pod-route.ts";
import type { Rbac } from "./rbac.ts";
import { SchemaError } from "./schema.ts";
import {
  type Action,
  badRequest,
  forbidden,
  noSuchPath,
  notFound,
  type Status,
  StatusError,
  unauthorized,
} from "./status.ts";
import { reviewToken } from "./token-review.ts";
import { InvalidToken, type TokenAuthority } from "./tokens.ts";

export interface Cluster {
  readonly objects: ObjectStore;
  readonly tokens: TokenAuthority;
  readonly rbac: Rbac;
  readonly paging: Paging;
  version: Version;
  webhook: Webhook | undefined;
}

/** version.Info, as far as anybody asks. */
export interface Version {
  readonly major: string;
  /** Some providers hang a `+` on it. */
  readonly minor: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string | object;
  readonly user?: string;
}

type Route =
  | { readonly type: "version" }
  | { readonly type: "ready" }
  | { readonly type: "review"; readonly action: Action }
  | { readonly type: "nodes"; readonly action: Action }
  | { readonly type: "event"; readonly action: Action & { readonly namespace: string } }
  | KeptRoute
  | PodRoute
  | { readonly type: "get"; readonly action: Action & { readonly namespace: string; readonly name: string } };

const KINDS = new Map([
  ["pods", "Pod"],
  ["secrets", "Secret"],
  ["configmaps", "ConfigMap"],
  ["serviceaccounts", "ServiceAccount"],
  ["services", "Service"],
]);

export async function answer(request: Request, cluster: Cluster): Promise<Answer> {
  const route = routeOf(request);
  if (route?.type === "version")
    return { status: 200, body: { ...cluster.version, gitVersion: gitVersion(cluster.version) } };
  if (route?.type === "ready") return { status: 200, body: "ok" };
  const user = await userOf(request, cluster.tokens);
  if (user === undefined) return failure(unauthorized());
  try {
    return { ...(await authorized(route, user, request, cluster)), user };
  } catch (error) {
    return { ...failure(statusOf(error)), user };
  }
}

async function authorized(
  route: Extract<Route, { action: Action }> | undefined,
  user: string,
  request: Request,
  { objects, tokens, rbac, paging, webhook }: Cluster,
): Promise<Answer> {
  if (route === undefined) throw new StatusError(noSuchPath());
  if (!rbac.allows(user, route.action)) throw new StatusError(forbidden(user, route.action));
  switch (route.type) {
    case "review":
      return { status: 201, body: await reviewToken(await request.json(), tokens) };
    case "nodes":
      return { status: 200, body: listNodes(request, objects.list("Node"), paging) };
    case "event":
      return { status: 201, body: createEvent(await request.json(), route.action.namespace, objects) };
    case "pod":
      return answerPost(route, await request.json(), objects, webhook);
    case "kept":
      return answerKept(route, request, objects);
    case "get": {
      const { namespace, resource, name } = route.action;
      const key = [KINDS.get(resource) ?? "", namespace, name] as const;
      const found = isFromCache(request) ? objects.getCached(...key) : objects.get(...key);
      if (found === undefined) throw new StatusError(notFound(resource, name));
      return { status: 200, body: found };
    }
  }
}

/** Source: Kubernetes documentation, "Kubernetes API Concepts", "resourceVersion parameter": get, "0". */
function isFromCache({ url }: Request): boolean {
  return new URL(url).searchParams.get("resourceVersion") === "0";
}

function gitVersion({ major, minor }: Version): string {
  return `v${major}.${minor.replace("+", "")}.1`;
}

function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  if (error instanceof SyntaxError || error instanceof SchemaError) return badRequest(error.message);
  throw error;
}

function failure(status: Status): Answer {
  return { status: status.code, body: status };
}

function routeOf({ method, url }: Request): Route | undefined {
  const { pathname } = new URL(url);
  if (method === "GET" && pathname === "/version") return { type: "version" };
  if (method === "GET" && pathname === "/readyz") return { type: "ready" };
  if (method === "POST" && pathname === "/apis/authentication.k8s.io/v1/tokenreviews") {
    return {
      type: "review",
      action: { verb: "create", resource: "tokenreviews", group: "authentication.k8s.io" },
    };
  }
  if (method === "GET" && pathname === "/api/v1/nodes") {
    return { type: "nodes", action: { verb: "list", resource: "nodes", group: "" } };
  }
  const [, eventsIn] = pathname.match(/^\/apis\/events\.k8s\.io\/v1\/namespaces\/([^/]+)\/events$/) ?? [];
  if (method === "POST" && eventsIn !== undefined) {
    const action = { verb: "create", resource: "events", group: "events.k8s.io", namespace: eventsIn };
    return { type: "event", action };
  }
  const pod = podRouteOf(method, url);
  if (pod !== undefined) return pod;
  const kept = keptRouteOf(method, pathname);
  if (kept !== undefined) return kept;
  const [, namespace, resource, name] =
    pathname.match(/^\/api\/v1\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/)?.map(decodeURIComponent) ?? [];
  if (method !== "GET" || namespace === undefined || resource === undefined || name === undefined) return;
  if (!KINDS.has(resource)) return undefined;
  return { type: "get", action: { verb: "get", resource, group: "", namespace, name } };
}

/** Undefined for a token that is not accepted; without any, the caller is anonymous and RBAC decides. */
async function userOf(request: Request, tokens: TokenAuthority): Promise<string | undefined> {
  const header = request.headers.get("authorization");
  if (header === null) return "system:anonymous";
  const token = header.match(/^Bearer +(\S+)$/i)?.[1];
  if (token === undefined) return undefined;
  try {
    return (await tokens.authenticate(token, [tokens.issuer])).user.username;
  } catch (error) {
    if (error instanceof InvalidToken) return undefined;
    throw error;
  }
}
