/** Updates of a Pod: never a patch, and a warning for an ephemeral container that will see references as text. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, NAMESPACE, podWith, post, reviewOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: NAMESPACE, name: "references" },
    data: { PASSWORD: "piggy:PASSWORD" },
  });
});
afterAll(() => world.stop());

const withEphemeral = (ephemeralContainers: unknown, options: Parameters<typeof podWith>[1] = {}) =>
  podWith({}, { ...options, spec: { containers: [containerWith()], ephemeralContainers } });
const debuggerWith = (fields: object = {}) => containerWith({ name: "debugger", ...fields });
const WARNING =
  "piggy: ephemeral container debugger: its references stay text, piggy-env cannot stand in front of it";

async function update(
  object: object,
  oldObject: object | null = podWith(),
  subResource = "ephemeralcontainers",
) {
  const review = reviewOf(object, { operation: "UPDATE", subResource, oldObject });
  const answer = await post(world, JSON.stringify(review));
  const { uid, ...response } = verifyResponse(await answer.json(), review.request.uid);
  return response;
}

describe("an ephemeral container that holds a reference is allowed as it is, with a warning:", () => {
  test.each<[string, object]>([
    ["a value", {}],
    ["a variable from a ConfigMap", { env: [], envFrom: [{ configMapRef: { name: "references" } }] }],
    [
      "a key of a ConfigMap",
      { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "references", key: "PASSWORD" } } }] },
    ],
  ])("%s", async (_, fields) => {
    const response = await update(withEphemeral([debuggerWith(fields)]));
    expect(response).toEqual({ allowed: true, warnings: [WARNING] });
  });

  test("although the API server cannot say what else it holds", async () => {
    world.kubernetes.failNext({ path: /configmaps/, status: 500, times: 1 });
    const fields = { envFrom: [{ configMapRef: { name: "references" } }] };
    const response = await update(withEphemeral([debuggerWith(fields)]));
    expect(response).toEqual({ allowed: true, warnings: [WARNING] });
  });

  test("whatever the update is of", async () => {
    const response = await update(withEphemeral([debuggerWith()]), null, "");
    expect(response).toEqual({ allowed: true, warnings: [WARNING] });
  });
});

describe("an update is allowed without a word", () => {
  const annotations = { "example.com/x": "y" };
  test.each<[string, object, object]>([
    ["when its ephemeral container holds none", withEphemeral([debuggerWith({ env: [] })]), podWith()],
    ["when the container was there before", withEphemeral([debuggerWith()]), withEphemeral([debuggerWith()])],
    ["when the Pod is not ours", withEphemeral([debuggerWith()], { metadata: { annotations } }), podWith()],
    ["when there is no ephemeral container", podWith(), podWith()],
    ["when they are no list", withEphemeral({ a: 1 }), podWith()],
    ["when one is none", withEphemeral([null]), podWith()],
  ])("%s", async (_, object, oldObject) => {
    expect(await update(object, oldObject)).toEqual({ allowed: true });
  });
});
