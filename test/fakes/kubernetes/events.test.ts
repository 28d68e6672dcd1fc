import { describe, expect, test } from "bun:test";
import { createEvent, storedEvents } from "./events.ts";
import { ObjectStore } from "./objects.ts";
import { StatusError } from "./status.ts";

const EVENT = {
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { namespace: "shop", name: "cart.1" },
  eventTime: "2026-11-28T08:04:15.178000Z",
  type: "Warning",
  reason: "Reason",
  action: "Action",
  note: "note",
  regarding: { kind: "Pod", namespace: "shop", name: "cart", uid: "u" },
  reportingController: "example.com/controller",
  reportingInstance: "controller-0",
};

function created(change: object): { readonly code: number; readonly message: string } {
  try {
    createEvent({ ...EVENT, ...change }, "shop", new ObjectStore(""));
    return { code: 201, message: "" };
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
}

test("an Event is stored with what only the server gives", () => {
  const objects = new ObjectStore("");
  createEvent(EVENT, "shop", objects);
  const [stored, ...others] = storedEvents(objects);
  expect(others).toEqual([]);
  expect(stored).toMatchObject({ ...EVENT, metadata: { ...EVENT.metadata, uid: expect.any(String) } });
});

test("a second of the name is refused", () => {
  const objects = new ObjectStore("");
  createEvent(EVENT, "shop", objects);
  expect(() => createEvent(EVENT, "shop", objects)).toThrow('"cart.1" already exists');
});

describe("refused is", () => {
  test.each<[string, object, number, string]>([
    ["another group", { apiVersion: "v1" }, 400, "no kind"],
    [
      "another namespace than the request's",
      { metadata: { namespace: "x", name: "a" } },
      400,
      "does not match the namespace",
    ],
    ["a time of three digits", { eventTime: "2026-11-28T08:04:15.178Z" }, 400, "parsing time"],
    ["no time", { eventTime: undefined }, 422, "eventTime: Required"],
    ["no name that is one", { metadata: { name: "Cart_1" } }, 422, "metadata.name"],
    ["a type that is none", { type: "Error" }, 422, "type: Invalid"],
    ["no reason", { reason: "" }, 422, "reason: Required"],
    ["no action", { action: undefined }, 422, "action: Required"],
    ["no instance", { reportingInstance: undefined }, 422, "reportingInstance: Required"],
    ["a controller of two slashes", { reportingController: "a.b/c/d" }, 422, "reportingController: Invalid"],
    ["a note of more than a kilobyte", { note: "é".repeat(513) }, 422, "at most 1024"],
    ["a reason of more than 128 bytes", { reason: "x".repeat(129) }, 422, "at most 128"],
    ["an object in no namespace", { regarding: { kind: "Pod" } }, 422, "involvedObject.namespace"],
  ])("%s", (_what, change, code, message) => {
    expect(created(change)).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("not a note of a kilobyte", () => {
    expect(created({ note: "é".repeat(512) }).code).toBe(201);
  });
});
