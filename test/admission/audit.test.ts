/** What the API server's audit log is told, and a dry run, which is nothing but the same answer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import { containerWith, mutate, podWith, post, reviewOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.registry.pushImage("shop/app", "1", { Entrypoint: ["/entry"] });
});
afterAll(() => world.stop());

const SKIP = "piggysec.com/piggy-skip-containers";

async function answerTo(object: object, request: object = {}) {
  const review = reviewOf(object, request);
  const answer = await post(world, JSON.stringify(review));
  return verifyResponse(await answer.json(), review.request.uid);
}
const auditOf = async (object: object) => (await answerTo(object)).auditAnnotations;

describe("the audit log is told", () => {
  const spec = {
    initContainers: [containerWith({ name: "setup" })],
    containers: [containerWith(), containerWith({ name: "quiet", env: [] }), containerWith({ name: "side" })],
  };

  test("which containers were injected, and which were left out although they hold references", async () => {
    const annotations = { [SKIP]: "side,quiet" };
    expect(await auditOf(podWith({}, { annotations, spec }))).toEqual({
      injected: "setup,main",
      skipped: "side",
    });
  });

  test("which containers run without the injector again", async () => {
    const { pod } = await mutate(world, podWith());
    const gone = edited(pod, ({ spec }) => {
      spec.containers[0].env = spec.containers[0].env.filter(({ name }) => name !== "PASSWORD");
    });
    expect(await auditOf(gone)).toEqual({ unwrapped: "main" });
  });

  test.each<[string, object, string]>([
    ["name_taken", podWith({ name: "install-piggy-env" }), "name_taken"],
    ["pod_invalid", podWith({ env: {} }), "pod_invalid"],
    [
      "os_unsupported",
      podWith({}, { spec: { ...podWith().spec, os: { name: "windows" } } }),
      "os_unsupported",
    ],
  ])("the code of a denial: %s", async (_, object, denied) => {
    expect(await auditOf(object)).toEqual({ denied });
  });

  test("nothing of a Pod that nothing was done to", async () => {
    expect(await auditOf(podWith({ env: [] }))).toBeUndefined();
  });

  test("names, cut where they are endless, and no value", async () => {
    const containers = Array.from({ length: 100 }, (_, index) =>
      containerWith({ name: `${index}`.repeat(99) }),
    );
    const audit = await auditOf(podWith({}, { spec: { containers } }));
    expect(audit?.["injected"]).toHaveLength(4096);
    expect(JSON.stringify(audit)).not.toContain("PASSWORD");
  });
});

test("a dry run is answered and logged as any other, and changes nothing in the cluster", async () => {
  const object = podWith({ image: `${world.registry.host}/shop/app:1`, command: [] });
  const withoutIds = (text: string) => text.replaceAll(/[0-9a-f]{32}|[0-9a-f-]{36}/g, "ID");
  const runs = [];
  for (const dryRun of [true, false, true]) {
    const asked = world.kubernetes.requests.length;
    const { uid, patch = "", ...response } = await answerTo(object, { dryRun });
    await world.webhook.logged(({ request }) => request === uid);
    const operations = withoutIds(Buffer.from(patch, "base64").toString());
    const ofThis = world.webhook.log.filter(({ request }) => request === uid);
    const log = ofThis.map(({ time, request, ...fields }) => fields);
    const methods = world.kubernetes.requests.slice(asked).map(({ method }) => method);
    expect(new Set(methods)).toEqual(new Set(methods.filter((method) => method === "GET")));
    runs.push({ response, operations, log });
  }
  const [first] = runs;
  expect(first?.log).toMatchObject([{ message: "admitted", containers: ["main"] }]);
  expect(runs).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ ...first })));
});
