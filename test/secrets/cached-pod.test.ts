/** The Pod as the API server's cache has it, which is behind by moments. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, type World } from "../support/world.ts";
import {
  defaultToken,
  HUSH,
  olderRequestOf,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  startPod,
} from "./asking.ts";
import { startCart } from "./cart.ts";
import { olderPod } from "./older-pod.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;
beforeAll(async () => {
  ({ world, door, pod } = await startCart());
});
afterAll(() => world.stop());

/** What is asked of the API server about a Pod meanwhile, in order. */
let begun = 0;
beforeEach(() => {
  begun = world.kubernetes.requests.length;
});
const reads = ({ name }: StartedPod) =>
  world.kubernetes.requests
    .slice(begun)
    .filter(({ path }) => path.includes(`/pods/${name}`))
    .map(({ path, status }) => [new URL(path, world.url).search, status]);

const ask = async (asking: StartedPod) =>
  door.ask(await ownToken(world.kubernetes, asking), requestOf(asking));
const GRANTED = { status: 200, body: `{"password":"${HUSH}password"}` };

describe("a container that starts", () => {
  test("costs etcd no read", async () => {
    expect(await ask(pod)).toMatchObject(GRANTED);
    expect(reads(pod)).toEqual([["?resourceVersion=0", 200]]);
  });

  test("is known, though the cache has not seen its Pod yet", async () => {
    using _ = world.kubernetes.holdCache();
    const fresh = await startPod(world.kubernetes);
    expect(await ask(fresh)).toMatchObject(GRANTED);
    expect(reads(fresh)).toEqual([
      ["?resourceVersion=0", 404],
      ["", 200],
    ]);
  });

  test("is not taken for one of an older Pod of its name, which may have been allowed less or more", async () => {
    const older = await startPod(world.kubernetes, {
      name: "again",
      annotations: { "aws-secret-name": "none" },
    });
    using _ = world.kubernetes.holdCache();
    world.kubernetes.remove("Pod", older.namespace, older.name);
    const newer = await startPod(world.kubernetes, { name: "again" });
    expect(newer.podUid).not.toBe(older.podUid);
    expect(await ask(newer)).toMatchObject(GRANTED);
    expect(reads(newer)).toEqual([
      ["?resourceVersion=0", 200],
      ["", 200],
    ]);
  });

  test("is told to come again where etcd cannot say of a Pod that the cache has not seen", async () => {
    using _ = world.kubernetes.holdCache();
    const fresh = await startPod(world.kubernetes);
    world.kubernetes.failNext({ path: new RegExp(`/pods/${fresh.name}$`), status: 503, times: 1 });
    expect((await ask(fresh)).status).toBe(503);
    expect(await ask(fresh)).toMatchObject(GRANTED);
  });
});

test("annotations decide of a Pod of an older webhook as they are now", async () => {
  world.aws.putSecret({ region: REGION, name: "shop/other", value: `{"password":"${HUSH}other"}` });
  const older = olderPod(world.kubernetes);
  const askAsOlder = async () => door.ask(await defaultToken(world.kubernetes, older), olderRequestOf(older));
  expect(await askAsOlder()).toMatchObject(GRANTED);
  using _ = world.kubernetes.holdCache();
  world.kubernetes.patchPodAnnotations(older.namespace, older.name, {
    "piggysec.com/aws-secret-name": "shop/other",
  });
  expect(await askAsOlder()).toMatchObject({ status: 200, body: `{"password":"${HUSH}other"}` });
  expect(reads(older)).toEqual([
    ["", 200],
    ["", 200],
  ]);
});

test("a token that anybody made up costs etcd nothing, whatever it says of itself", async () => {
  const token = `${(await ownToken(world.kubernetes, pod)).slice(0, -8)}AAAAAAAA`;
  using _ = world.kubernetes.holdCache();
  const fresh = await startPod(world.kubernetes);
  const another = `${(await ownToken(world.kubernetes, fresh)).slice(0, -8)}AAAAAAAA`;
  expect((await door.ask(another, requestOf(fresh))).status).toBe(403);
  expect((await door.ask(token, requestOf(pod))).status).toBe(403);
  const fromEtcd = [...reads(pod), ...reads(fresh)].filter(([query]) => query === "");
  expect(fromEtcd).toEqual([]);
});
