/** Whatever arrives at /mutate: an answer in time, and the next request is served. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, environmentOf, mutate, podWith, post, reviewOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

afterEach(async () => {
  const { pod } = await mutate(world, podWith());
  expect(environmentOf(pod)["PIGGY_UID"]).toMatch(/^[0-9a-f]{32}$/);
});

const MIB = 1024 * 1024;
const { request, ...envelope } = reviewOf(podWith());
const json = JSON.stringify;

describe("a request that is none is answered by 400, in words that say what is wrong:", () => {
  test.each([
    ["no body", "", "the body is empty"],
    ["no JSON", "piggy", "not JSON"],
    ["half of a review", json(reviewOf(podWith())).slice(0, -10), "not JSON"],
    ["4 MiB of garbage", "x".repeat(4 * MIB), "not JSON"],
    ["4 MiB of brackets", "[".repeat(4 * MIB), "not JSON"],
    ["JSON that is no object", "[]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["an object of nothing", "{}", "of no kind"],
    ["another kind", json(podWith()), "v1 Pod"],
    [
      "v1beta1",
      json({ ...envelope, apiVersion: "admission.k8s.io/v1beta1", request }),
      "admissionReviewVersions",
    ],
    [
      "a kind that is an object",
      json({ ...envelope, kind: { toString: 1 }, request }),
      "is admission.k8s.io/v1",
    ],
    ["a kind of a long name", json({ kind: "x".repeat(MIB) }), "xxx"],
    ["no request", json(envelope), "no request"],
    ["a request that is null", json({ ...envelope, request: null }), "no request"],
    ["a request that is a list", json({ ...envelope, request: [] }), "no request"],
    ["no uid", json({ ...envelope, request: { ...request, uid: undefined } }), "no uid"],
    ["an empty uid", json({ ...envelope, request: { ...request, uid: "" } }), "no uid"],
    ["a uid that is no string", json({ ...envelope, request: { ...request, uid: 1 } }), "no uid"],
  ])("%s", async (_, body, words) => {
    const answer = await post(world, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("Content-Type")).toStartWith("text/plain");
    const text = await answer.text();
    expect(text).toContain(words);
    expect(text.length).toBeLessThan(500);
  });
});

test("a request for a kind that is an object is none for a Pod", async () => {
  const review = { ...envelope, request: { ...request, kind: { group: { toString: 1 }, kind: "Pod" } } };
  const answer = await post(world, json(review));
  expect(verifyResponse(await answer.json(), request.uid).allowed).toBe(true);
});

describe("another method or path", () => {
  test.each(["GET", "PUT", "DELETE", "PATCH"])("%s /mutate is answered by 405", async (method) => {
    const answer = await post(world, json(reviewOf(podWith())), "/mutate", method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")).toBe("POST");
  });

  test.each(["/", "/mutate/", "/MUTATE", "/mutate/../mutat", "/constructor"])(
    "POST %s: 404",
    async (path) => {
      expect((await post(world, json(reviewOf(podWith())), path)).status).toBe(404);
    },
  );

  test("more than any object of Kubernetes' is refused", async () => {
    const answer = await post(world, "x".repeat(9 * MIB));
    expect(answer.status).toBe(413);
  });
});

describe("a Pod of 4 MiB", () => {
  test("is admitted like a small one", async () => {
    const long = { name: "LONG", value: "x".repeat(4 * MIB) };
    const { allowed, patch, pod } = await mutate(world, podWith({ env: [long, ...containerWith().env] }));
    expect(allowed).toBe(true);
    expect(environmentOf(pod)["LONG"]).toBe(long.value);
    expect(json(patch).length).toBeLessThan(10_000);
  });

  test("of many containers and variables is too", async () => {
    const env = Array.from({ length: 400 }, (_, index) => ({ name: `V${index}`, value: `piggy:${index}` }));
    const containers = Array.from({ length: 200 }, (_, index) => containerWith({ name: `c${index}`, env }));
    const { allowed, pod } = await mutate(world, podWith({}, { spec: { containers } }));
    expect(allowed).toBe(true);
    expect(environmentOf(pod, "c199")["PIGGY_UID"]).toBeString();
  });
});

const annotations = { "piggysec.com/aws-secret-name": "x" };
const ours = { metadata: { annotations } };
const nobodys = { metadata: { annotations: { "example.com/x": "y" } } };

/** Faults of a Pod's, each with the words that name it. */
const FAULTS: readonly (readonly [string, object, string])[] = [
  ["no spec", { spec: undefined }, "spec is not an object"],
  ["a spec that is a list", { spec: [] }, "spec is not an object"],
  ["env that is no list", podWith({ env: { A: "piggy:A" } }), "spec.containers[0].env is not a list"],
  ["a value that is no string", podWith({ env: [{ name: "A", value: 1 }] }), "env[0].value is not a string"],
  ["a command that is no list", podWith({ command: "/app" }), "spec.containers[0].command is not a list"],
  ["a container that is null", podWith({}, { spec: { containers: [null] } }), "spec.containers[0]"],
];

describe("a Pod of ours that is none is denied, with the request's uid and the field in question:", () => {
  test.each<readonly [string, object, string]>([
    ...FAULTS.map(([what, fault, words]) => [what, { ...fault, ...ours }, words] as const),
    [
      "an annotation that is no string",
      podWith({}, { metadata: { annotations: { ...annotations, a: true } } }),
      '["a"]',
    ],
    [
      "an annotation of ours that is no string",
      podWith({}, { metadata: { annotations: { "piggysec.com/aws-secret-name": { x: 1 } } } }),
      '["piggysec.com/aws-secret-name"]',
    ],
  ])("%s", async (_, object, words) => {
    const review = reviewOf(object);
    const answer = await post(world, json(review));
    const response = verifyResponse(await answer.json(), review.request.uid);
    expect(response).toMatchObject({
      allowed: false,
      status: { code: 403, message: expect.stringContaining(words) },
    });
  });
});

describe("what is wrong with a Pod that is not ours is the API server's to say:", () => {
  test.each<readonly [string, unknown]>([
    ...FAULTS.map(([what, fault]) => [what, { ...fault, ...nobodys }] as const),
    ["no object", undefined],
    ["a text", "Pod"],
    ["metadata that is a list", { metadata: [], spec: {} }],
    ["annotations that are a list", podWith({}, { metadata: { annotations: ["x"] } })],
    ["an annotation that is no string", podWith({}, { metadata: { annotations: { a: true } } })],
  ])("%s", async (_, object) => {
    const review = reviewOf(object);
    const answer = await post(world, json(review));
    expect(await answer.json()).toHaveProperty("response", { uid: review.request.uid, allowed: true });
  });
});

describe("a Pod that says little is admitted as it is:", () => {
  test.each<[string, object]>([
    ["no annotations", podWith({}, { metadata: { annotations: undefined } })],
    ["annotations: null", podWith({}, { metadata: { annotations: null } })],
    ["metadata: null", { metadata: null, spec: { containers: [] } }],
    ["no containers", podWith({}, { spec: { containers: null } })],
    ["env: null", podWith({ env: null })],
    ["containers without names or images", podWith({}, { spec: { containers: [{}, {}] } })],
    ["an unnamed source", podWith({ env: [{ name: "A", valueFrom: {} }], envFrom: [{}] })],
  ])("%s", async (_, manifest) => {
    const review = reviewOf(manifest);
    const answer = await post(world, json(review));
    expect(await answer.json()).toHaveProperty("response", { uid: review.request.uid, allowed: true });
  });
});

describe("a timeout that is none", () => {
  test.each(["", "?timeout=", "?timeout=soon", "?timeout=0s", "?timeout=-5s", "?timeout=1e9s"])(
    "%j",
    async (query) => {
      const { allowed } = await mutate(world, podWith(), `/mutate${query}`);
      expect(allowed).toBe(true);
    },
  );
});
