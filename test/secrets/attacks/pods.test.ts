/** Pods that are gone, finished, or not the container's that is asked for. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../../support/world.ts";
import {
  defaultToken,
  HUSH,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
} from "../asking.ts";
import { expectDenied } from "./denied.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  const value = JSON.stringify({ password: `${HUSH}password` });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value });
  pod = await startPod(world.kubernetes, { name: "cart" });
});
afterAll(() => world.stop());

describe("a Pod is denied", () => {
  const put = (of: StartedPod, change: object) => {
    const { stored } = of;
    world.kubernetes.add({ ...stored, apiVersion: "v1", kind: "Pod", ...change });
  };

  test("when it was deleted", async () => {
    const deleted = await startPod(world.kubernetes, { name: "deleted" });
    const token = await ownToken(world.kubernetes, deleted);
    expect((await door.ask(token, requestOf(deleted))).status).toBe(200);
    world.kubernetes.remove("Pod", "shop", "deleted");
    expectDenied(await door.ask(token, requestOf(deleted)), /token has been invalidated/);
  });

  test("when it was deleted and another of its name and uids was made", async () => {
    const first = await startPod(world.kubernetes, { name: "again" });
    const token = await ownToken(world.kubernetes, first);
    const { uid: _, ...metadata } = first.stored.metadata;
    put(first, { metadata });
    expectDenied(await door.ask(token, requestOf(first)), /pod UID .* does not match/);
  });

  test.each(["Succeeded", "Failed"])("when its phase is %s", async (phase) => {
    const finished = await startPod(world.kubernetes);
    put(finished, { status: { phase } });
    const token = await ownToken(world.kubernetes, finished);
    expectDenied(
      await door.ask(token, requestOf(finished)),
      new RegExp(`the Pod has ${phase.toLowerCase()}`),
    );
  });
});

describe("a uid is denied", () => {
  test.each([
    ["of nobody's", "0123456789abcdef0123456789abcdef"],
    ["that is empty", ""],
    ["that is a part of every object", "constructor"],
    ["that is every object's prototype", "__proto__"],
    ["that is a method of every object", "toString"],
    ["that is a reference", "$(PIGGY_UID)"],
  ])("%s", async (_, uid) => {
    const token = await ownToken(world.kubernetes, pod);
    expectDenied(
      await door.ask(token, { ...requestOf(pod), uid }),
      /no container of Pod shop\/cart has this uid/,
    );
    expectDenied(await door.ask(token, { ...requestOf(pod), uid, signature: "" }), /has this uid/);
  });

  test("that is another container's of another Pod", async () => {
    const other = await startPod(world.kubernetes);
    const token = await ownToken(world.kubernetes, pod);
    expectDenied(await door.ask(token, { ...requestOf(pod), uid: other.uid }), /has this uid/);
  });
});

test("a container in standalone mode is answered nothing, whatever its annotations say by now", async () => {
  const standalone = await startPod(world.kubernetes, {
    name: "standalone",
    annotations: { "aws-secret-name": "shop/own", standalone: "true" },
  });
  world.kubernetes.patchPodAnnotations(standalone.namespace, standalone.name, {
    "piggysec.com/aws-secret-name": "shop/cart",
    "piggysec.com/piggy-enforce-integrity": "false",
  });
  const token = await defaultToken(world.kubernetes, standalone);
  expectDenied(await door.ask(token, requestOf(standalone)), /standalone/);
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
