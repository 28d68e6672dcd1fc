/** Reviews written as API servers write them, which tell what they are about before they are parsed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parseWithoutManagedFields } from "../../lib/admission/managed-fields.ts";
import { decodePatch, verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { startWorld, type World } from "../support/world.ts";
import { podWith, post, SECRET } from "./mutation.ts";

const UID = "7f1c9a52-3b0e-4d67-a1c4-0123456789ab";

/** In the order of Go's types, with a line break at the end. */
function reviewAsWritten(object: object, kind = "Pod"): string {
  const request = { uid: UID, kind: { group: "", version: "v1", kind }, operation: "CREATE", object };
  return `${JSON.stringify({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request })}\n`;
}

async function answerTo(world: World, body: string) {
  const answer = await post(world, body);
  expect(answer.status).toBe(200);
  return verifyResponse(await answer.json(), UID);
}

const OURS = podWith();
const UNCONCERNED = podWith({}, { metadata: { annotations: { "example.com/team": "shop" } } });

describe("a Pod without an annotation of ours", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  test("is allowed as it is", async () => {
    expect(await answerTo(world, reviewAsWritten(UNCONCERNED))).toEqual({ uid: UID, allowed: true });
  });

  test.each([
    ["as it is", "piggysec.com/"],
    ["with an escaped letter", "\\u0070iggysec.com/"],
    ["with an escaped dot", "piggysec\\u002ecom/"],
    ["with an escaped slash", "piggysec.com\\/"],
  ])("is not one whose annotation is written %s", async (_, prefix) => {
    const body = reviewAsWritten(OURS).replace("piggysec.com/", prefix);
    expect(decodePatch(await answerTo(world, body))).not.toBeEmpty();
  });

  test("that was cut off on its way is no review", async () => {
    const body = reviewAsWritten(UNCONCERNED);
    const answer = await post(world, body.slice(0, body.length / 2));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("the body is not JSON");
  });
});

test("a default of the webhook's concerns every Pod", async () => {
  const world = await startWorld({ environment: { AWS_SECRET_NAME: SECRET } });
  try {
    expect(decodePatch(await answerTo(world, reviewAsWritten(UNCONCERNED)))).not.toBeEmpty();
  } finally {
    await world.stop();
  }
});

describe("managedFields", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  /** Last of the metadata, where API servers write them. */
  const withManaged = (fieldsV1: object, container: object = {}) => {
    const managedFields = [{ manager: "kubectl", operation: "Update", fieldsType: "FieldsV1", fieldsV1 }];
    const { metadata, ...pod } = podWith(container);
    return { metadata: { ...metadata, managedFields }, spec: pod.spec, kind: pod.kind };
  };
  const pathsIn = async (pod: object) =>
    decodePatch(await answerTo(world, reviewAsWritten(pod))).map(({ path }) => path);

  test.each([
    ["of a usual shape", { "f:spec": { "f:containers": {} } }],
    ["that hold what follows them", { list: [[{}], { list: [{}], spec: {} }], spec: {} }],
    ["that hold text like what follows them", { text: ']},"spec":{', '"managedFields":[': "]}" }],
  ])("%s change nothing about the patch", async (_, fields) => {
    expect(await pathsIn(withManaged(fields))).toEqual(await pathsIn(OURS));
  });

  test.each([
    ["in a container", { managedFields: [{ keep: "this" }] }],
    ["in a name with a quote", { 'a"managedFields': [{ keep: "this" }] }],
    ["beside a spec that is not the Pod's", { other: { managedFields: [{ keep: "this" }] }, spec: {} }],
  ])("%s are fields like any other", (_, fields) => {
    expect(parseWithoutManagedFields(reviewAsWritten(podWith(fields)))).toBeUndefined();
  });
});
