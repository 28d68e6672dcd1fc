import type { ObjectStore, StoredObject } from "./objects.ts";
import { object, type Parsed, string } from "./schema.ts";
import { alreadyExists, badRequest, invalid, StatusError } from "./status.ts";

const parseEvent = object(
  { apiVersion: string, kind: string, metadata: object({ name: string }, { namespace: string }) },
  {
    eventTime: string,
    type: string,
    reason: string,
    action: string,
    note: string,
    regarding: object({}, { apiVersion: string, kind: string, namespace: string, name: string, uid: string }),
    reportingController: string,
    reportingInstance: string,
  },
);

type Event = Parsed<typeof parseEvent>;

/** An Event as it was stored. */
export type StoredEvent = Event & StoredObject;

/**
 * Stores an Event events.k8s.io/v1. Throws a StatusError or a SchemaError for one that an API server would not have.
 * Sources: kubernetes, pkg/apis/core/validation/events.go, ValidateEventCreate; apimachinery, MicroTime.
 */
export function createEvent(body: unknown, namespace: string, objects: ObjectStore): object {
  const event = parseEvent(body, "Event");
  if (event.kind !== "Event" || event.apiVersion !== "events.k8s.io/v1") {
    throw new StatusError(
      badRequest(`no kind "${event.kind}" is registered for version "${event.apiVersion}"`),
    );
  }
  const { name } = event.metadata;
  if ((event.metadata.namespace ?? namespace) !== namespace) {
    const message = "the namespace of the provided object does not match the namespace sent on the request";
    throw new StatusError(badRequest(message));
  }
  if (event.eventTime !== undefined && !MICRO_TIME.test(event.eventTime)) {
    throw new StatusError(
      badRequest(`parsing time "${event.eventTime}" as "2006-01-02T15:04:05.000000Z07:00"`),
    );
  }
  const causes = faultsOf(event, namespace);
  if (causes.length > 0) throw new StatusError(invalid("Event.events.k8s.io", name, causes));
  if (objects.get("Event", namespace, name) !== undefined) {
    throw new StatusError(alreadyExists("events.events.k8s.io", name));
  }
  return objects.put({ ...event, metadata: { ...event.metadata, namespace } });
}

export function storedEvents(objects: ObjectStore): readonly StoredEvent[] {
  return objects
    .list("Event")
    .map((stored) => ({ ...stored, ...parseEvent(stored, "Event"), ...meta(stored) }));
}

const meta = ({ metadata, kind }: StoredObject) => ({ metadata, kind });

const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** In bytes, as Go counts. */
const LONGEST = { reportingInstance: 128, action: 128, reason: 128, note: 1024 } as const;

function faultsOf(event: Event, namespace: string): readonly string[] {
  const faults: string[] = [];
  const { name } = event.metadata;
  if (name.length > 253 || !SUBDOMAIN.test(name)) {
    faults.push("metadata.name: Invalid value: a lowercase RFC 1123 subdomain must consist of …");
  }
  if (event.eventTime === undefined) faults.push("eventTime: Required value");
  if (event.type !== "Normal" && event.type !== "Warning") {
    faults.push(`type: Invalid value: "": has invalid value: ${event.type}`);
  }
  if (event.regarding?.namespace === undefined && !["default", "kube-system"].includes(namespace)) {
    faults.push('involvedObject.namespace: Invalid value: "": does not match event.namespace');
  }
  for (const field of ["reportingController", "reportingInstance", "action", "reason"] as const) {
    if (!event[field]) faults.push(`${field}: Required value`);
  }
  if (!QUALIFIED.test(event.reportingController ?? "")) {
    faults.push("reportingController: Invalid value: name part must consist of alphanumeric characters, …");
  }
  for (const [field, longest] of Object.entries(LONGEST)) {
    const value = Object.entries(event).find(([each]) => each === field)?.[1];
    if (typeof value === "string" && Buffer.byteLength(value) > longest) {
      faults.push(`${field}: Invalid value: "": can have at most ${longest} characters`);
    }
  }
  return faults;
}
