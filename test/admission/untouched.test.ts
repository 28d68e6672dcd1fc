/** What is not ours: it stays as it came, known to us or not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import manifest from "../vectors/unknown-fields.json";
import { containerWith, environmentOf, mutate, podWith, post, reviewOf, SECRET } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** The Pod without what contract and design say that is added to it. */
function withoutAdditions(json: unknown, original: typeof manifest): object {
  const { metadata, spec, ...others } = parsePod(structuredClone(json), "Pod");
  const { "piggysec.com/piggy-uid": _, ...annotations } = metadata.annotations ?? {};
  const isOthers = ({ name }: { readonly name: string }) =>
    !name.startsWith("PIGGY_") && !["piggy-env", "piggy-token", "install-piggy-env"].includes(name);
  const commands = new Map(
    [...original.spec.containers, ...original.spec.initContainers].map(({ name, command, args }) => [
      name,
      { command, args },
    ]),
  );
  const unwrapped = (container: (typeof spec.containers)[number]) => ({
    ...container,
    ...commands.get(container.name),
    env: container.env?.filter(isOthers),
    volumeMounts: container.volumeMounts?.filter(isOthers),
  });
  return {
    ...others,
    metadata: { ...metadata, annotations },
    spec: {
      ...spec,
      volumes: spec.volumes?.filter(isOthers),
      initContainers: spec.initContainers?.filter(isOthers).map(unwrapped),
      containers: spec.containers.map(unwrapped),
    },
  };
}

describe("a Pod full of fields that nobody knows", () => {
  test("comes out with every one of them, in its place", async () => {
    const { json, patch } = await mutate(world, manifest);
    expect(patch).not.toBeEmpty();
    expect(withoutAdditions(json, manifest)).toEqual(manifest);
  });

  test("is changed by additions, and by the command and args that are replaced", async () => {
    const { patch } = await mutate(world, manifest);
    const removed = patch.filter(({ op }) => op !== "add");
    expect(removed.map(({ path }) => path).filter((path) => !/\/(command|args)(\/|$)/.test(path))).toEqual(
      [],
    );
    expect(JSON.stringify(patch)).not.toContain("unknown");
  });
});

test("names with slashes and tildes are no paths", async () => {
  const annotations = {
    "example.com/a~b": "~1",
    "a~1b": "/",
    "~": "~0",
    "piggysec.com/aws-secret-name": SECRET,
  };
  const containers = [containerWith({ name: "a/b~c", env: [{ name: "X/Y~1", value: "piggy:a/b~c" }] })];
  const { allowed, pod } = await mutate(
    world,
    podWith({}, { metadata: { annotations }, spec: { containers } }),
  );
  expect(allowed).toBe(true);
  expect(pod.metadata.annotations).toEqual({
    ...annotations,
    "piggysec.com/piggy-uid": expect.stringContaining(environmentOf(pod, "a/b~c")["PIGGY_UID"] ?? "no uid"),
  });
  expect(environmentOf(pod, "a/b~c")["X/Y~1"]).toBe("piggy:a/b~c");
});

test("names that every object has on its prototype stay, and what they say", async () => {
  const map = (entries: object): object => JSON.parse(JSON.stringify(entries).replace("PROTO", "__proto__"));
  const annotations = map({ PROTO: "a", constructor: "b", "piggysec.com/aws-secret-name": SECRET });
  const nodeSelector = map({ PROTO: "c", toString: "d" });
  const manifest = podWith({}, { metadata: { annotations }, spec: { nodeSelector } });
  const { patch } = await mutate(world, manifest);
  expect(patch.filter(({ path }) => /annotations|nodeSelector/.test(path))).toEqual([
    expect.objectContaining({ op: "add", path: "/metadata/annotations/piggysec.com~1piggy-uid" }),
  ]);
});

test("a variable that is a copy of an annotation with such a name holds the reference that it says", async () => {
  const annotations: object = JSON.parse(
    `{"__proto__":"piggy:A","piggysec.com/aws-secret-name":${JSON.stringify(SECRET)}}`,
  );
  const fieldRef = { fieldPath: "metadata.annotations['__proto__']" };
  const env = [{ name: "A", valueFrom: { fieldRef } }];
  const { pod } = await mutate(world, podWith({ env }, { metadata: { annotations } }));
  expect(environmentOf(pod)["PIGGY_UID"]).toBeDefined();
});

test("a static Pod's mirror is left alone, with a warning", async () => {
  const annotations = { "kubernetes.io/config.mirror": "c3f1" };
  const { allowed, patch, warnings } = await mutate(world, podWith({}, { annotations }));
  expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
  expect(warnings).toEqual([expect.stringContaining("mirror")]);
});

describe("a request that is not the creation of a Pod is allowed as it is:", () => {
  test.each([
    ["an update", { operation: "UPDATE" }],
    ["a deletion, which has no object", { operation: "DELETE", object: null }],
    ["a connection", { operation: "CONNECT", subResource: "exec" }],
    ["a subresource", { subResource: "ephemeralcontainers" }],
    ["a Deployment", { kind: { group: "apps", version: "v1", kind: "Deployment" } }],
    ["a Pod of another group", { kind: { group: "example.com", version: "v1", kind: "Pod" } }],
  ])("%s", async (_, request) => {
    const review = reviewOf(podWith(), request);
    const answer = await post(world, JSON.stringify(review));
    expect(await answer.json()).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: review.request.uid, allowed: true },
    });
  });
});
