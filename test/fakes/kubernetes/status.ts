/** meta/v1 Status, the body of every error of an API server. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Record<string, never>;
  readonly status: "Failure";
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: { readonly name?: string; readonly group?: string; readonly kind?: string };
}

export function status(code: number, reason: string, message: string, details?: Status["details"]): Status {
  const type = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  return { ...type, message, reason, ...(details && { details }), code };
}

/** Thrown by a handler whose request is answered with a Status. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }
}

export interface Action {
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly namespace?: string;
  readonly name?: string;
}

export function notFound(resource: string, name: string): Status {
  return status(404, "NotFound", `${resource} "${name}" not found`, { name, kind: resource });
}

export function conflict(resource: string, name: string): Status {
  const message = `Operation cannot be fulfilled on ${resource} "${name}": the object has been modified; please apply your changes to the latest version and try again`;
  return status(409, "Conflict", message, { name, kind: resource });
}

export function noSuchPath(): Status {
  return status(404, "NotFound", "the server could not find the requested resource");
}

export function unauthorized(): Status {
  return status(401, "Unauthorized", "Unauthorized");
}

export function badRequest(message: string): Status {
  return status(400, "BadRequest", message);
}

export function forbidden(user: string, { verb, resource, group, namespace, name }: Action): Status {
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const what = name === undefined ? qualified : `${qualified} "${name}"`;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  return status(403, "Forbidden", `${what} is forbidden: ${why}`, {
    ...(name !== undefined && { name }),
    ...(group !== "" && { group }),
    kind: resource,
  });
}

export function alreadyExists(resource: string, name: string): Status {
  return status(409, "AlreadyExists", `${resource} "${name}" already exists`, { name, kind: resource });
}

export function invalid(kind: string, name: string, causes: readonly string[]): Status {
  const all = causes.length === 1 ? causes[0] : `[${causes.join(", ")}]`;
  return status(422, "Invalid", `${kind} "${name}" is invalid: ${all}`, { name, kind });
}
