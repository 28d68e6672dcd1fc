/** Secrets that are written, and webhook configurations that are patched, with the API server's own optimistic lock. */
import { applyPatch, type Operation } from "rfc6902";
import type { ObjectStore, StoredObject } from "./objects.ts";
import { object, record, string } from "./schema.ts";
import { type Action, badRequest, conflict, notFound, StatusError, status } from "./status.ts";

export interface KeptRoute {
  readonly type: "kept";
  readonly action: Action;
}

const SECRETS = /^\/api\/v1\/namespaces\/([^/]+)\/secrets(?:\/([^/]+))?$/;
const CONFIGURATION = /^\/apis\/admissionregistration\.k8s\.io\/v1\/mutatingwebhookconfigurations\/([^/]+)$/;
const GROUP = "admissionregistration.k8s.io";
const RESOURCE = "mutatingwebhookconfigurations";

export function keptRouteOf(method: string, pathname: string): KeptRoute | undefined {
  const [, namespace, secret] = SECRETS.exec(pathname)?.map((part) => part && decodeURIComponent(part)) ?? [];
  if (namespace !== undefined) {
    const at = { resource: "secrets", group: "", namespace };
    if (method === "POST" && secret === undefined) return { type: "kept", action: { verb: "create", ...at } };
    if (method === "PUT" && secret !== undefined) {
      return { type: "kept", action: { verb: "update", ...at, name: secret } };
    }
  }
  const [, name] = CONFIGURATION.exec(pathname) ?? [];
  const verb = method === "GET" ? "get" : method === "PATCH" ? "patch" : undefined;
  if (name === undefined || verb === undefined) return undefined;
  return { type: "kept", action: { verb, resource: RESOURCE, group: GROUP, name } };
}

const parseSecret = object(
  { apiVersion: string, kind: string, metadata: object({ name: string }, { resourceVersion: string }) },
  { data: record(string), type: string },
);

export async function answerKept(
  { action }: KeptRoute,
  request: Request,
  objects: ObjectStore,
): Promise<{ readonly status: number; readonly body: object }> {
  switch (action.verb) {
    case "create":
    case "update": {
      const secret = parseSecret(await request.json(), "Secret");
      const found = objects.get("Secret", action.namespace, secret.metadata.name);
      const isNew = action.verb === "create";
      if (isNew && found !== undefined) throw new StatusError(exists(secret.metadata.name));
      if (!isNew) requireSame(found, secret.metadata.resourceVersion, action);
      return { status: isNew ? 201 : 200, body: objects.put(withoutVersion(secret)) };
    }
    case "get":
      return { status: 200, body: requireFound(objects.get(KIND, undefined, action.name ?? ""), action) };
    default:
      return { status: 200, body: await patched(action, request, objects) };
  }
}

const KIND = "MutatingWebhookConfiguration";

async function patched(action: Action, request: Request, objects: ObjectStore): Promise<object> {
  const type = request.headers.get("content-type");
  if (type !== "application/json-patch+json") throw new StatusError(unsupported(type));
  const configuration = requireFound(objects.get(KIND, undefined, action.name ?? ""), action);
  const operations = (await request.json()) as Operation[];
  const [failure] = applyPatch(configuration, operations).filter((error) => error !== null);
  if (failure !== undefined) throw new StatusError(status(422, "Invalid", String(failure)));
  return objects.put(withoutVersion(configuration));
}

function requireFound(found: StoredObject | undefined, { resource, name = "" }: Action): StoredObject {
  if (found === undefined) throw new StatusError(notFound(resource, name));
  return found;
}

function requireSame(found: StoredObject | undefined, version: string | undefined, action: Action): void {
  const current = Reflect.get(requireFound(found, action).metadata, "resourceVersion");
  if (version === undefined) throw new StatusError(badRequest("metadata.resourceVersion: must be specified"));
  if (version !== current) throw new StatusError(conflict(action.resource, action.name ?? ""));
}

/** Each write gets a version of its own. */
function withoutVersion<T extends { readonly metadata: object }>(written: T): T {
  const { resourceVersion: _, ...metadata } = { resourceVersion: undefined, ...written.metadata };
  return { ...written, metadata };
}

function exists(name: string) {
  return status(409, "AlreadyExists", `secrets "${name}" already exists`, { name, kind: "secrets" });
}

function unsupported(type: string | null) {
  return status(415, "UnsupportedMediaType", `the body of the request was in an unknown format: ${type}`);
}
