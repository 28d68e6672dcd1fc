/** Pods that are gone, finished, or not the container's that is asked for. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWebhook, type WebhookProcess } from "../../support/webhook.ts";
import type { World } from "../../support/world.ts";
import {
  accountOf,
  defaultToken,
  digest,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
} from "../asking.ts";
import { startCart } from "../cart.ts";
import { expectDenied } from "./denied.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;

beforeAll(async () => {
  ({ world, door, pod } = await startCart());
});
afterAll(() => world.stop());

/** The Pod is stored anew, otherwise. */
function put({ stored }: Pick<StartedPod, "stored">, change: object): void {
  world.kubernetes.add({ ...stored, apiVersion: "v1", kind: "Pod", ...change });
}

describe("a Pod is denied", () => {
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

describe("a Pod that is being deleted", () => {
  /** @param seconds from now until its grace period ends, which is what deletionTimestamp says */
  const terminating = async (seconds: number, phase = "Running") => {
    const { stored, ...of } = await startPod(world.kubernetes);
    const deletionTimestamp = new Date(Date.now() + seconds * 1000).toISOString();
    put({ stored }, { metadata: { ...stored.metadata, deletionTimestamp }, status: { phase } });
    const ended = { ...of, stored };
    return door.ask(await ownToken(world.kubernetes, ended), requestOf(ended));
  };

  test("is answered in its grace period, in which a sidecar may start again", async () => {
    expect((await terminating(30)).status).toBe(200);
  });

  test.each(["Succeeded", "Failed"])("is denied in it when its phase is %s", async (phase) => {
    expectDenied(await terminating(30, phase), new RegExp(`the Pod has ${phase.toLowerCase()}`));
  });

  test("is denied when its grace period is over, and the object is still there for a finalizer", async () => {
    expectDenied(await terminating(-120), /token has been invalidated/);
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

describe("a container of the same Pod", () => {
  const startTwo = async () => {
    const two = await startPod(world.kubernetes, { sidecar: { A: "piggy:password" } });
    const [, other] = two.stored.spec.containers;
    const uid = other?.env?.find(({ name }) => name === "PIGGY_UID")?.value ?? "";
    return { two, uid, token: await ownToken(world.kubernetes, two) };
  };

  test("is denied with its own uid and the command of another", async () => {
    const { two, uid, token } = await startTwo();
    expectDenied(await door.ask(token, { ...requestOf(two), uid }), /the command is not/);
  });

  test("that knows the other's uid and command is taken for it: a Pod is one party", async () => {
    const { two, uid, token } = await startTwo();
    const { status, audit } = await door.ask(token, {
      ...requestOf(two),
      uid,
      signature: digest(["/bin/sidecar"]),
    });
    expect([status, audit?.["container"]]).toEqual([200, "sidecar"]);
  });

  test("that was added to debug it has no uid of its own, whatever its environment says", async () => {
    const { stored, argv, ...of } = await startPod(world.kubernetes);
    const uid = "e".repeat(32);
    const [app] = stored.spec.containers;
    const env = [
      ...(app?.env ?? []),
      { name: "PIGGY_UID", value: uid },
      { name: "PIGGY_AWS_SECRET_NAME", value: "bank/vault" },
    ];
    const ephemeralContainers = [{ ...app, name: "debugger", env }];
    put({ stored }, { spec: { ...stored.spec, ephemeralContainers } });
    const debugged = { ...of, stored, argv };
    const token = await ownToken(world.kubernetes, debugged);
    expectDenied(await door.ask(token, { ...requestOf(debugged), uid }), /has this uid/);
    expect((await door.ask(token, requestOf(debugged))).status).toBe(200);
  });
});

describe("a Pod's name that leads elsewhere", () => {
  let lenient: WebhookProcess;
  let lenientDoor: SecretDoor;
  beforeAll(async () => {
    // The one setting with which the name in the request counts.
    const environment = { PIGGY_ACCEPT_DEFAULT_TOKENS: "true", LISTEN_ADDRESS: "127.0.0.1:0" };
    lenient = await startWebhook({ ...world.environment, ...environment });
    lenientDoor = secretDoor(lenient, world.authority.pem);
  });
  afterAll(() => lenient.stop());

  test.each([
    "",
    ".",
    "..",
    "../secrets/db",
    "../../bank/pods/vault",
    "%2e%2e/secrets/db",
    "cart/log",
    "cart?watch=1",
    "cart#",
    "CART",
    "cart\n",
    `c${"a".repeat(253)}`,
  ])("is nobody's, and the API server is not asked for it: %j", async (name) => {
    const token = await world.kubernetes.token(accountOf(pod));
    expect((await lenientDoor.ask(token, requestOf(pod))).status).toBe(200);
    const before = world.kubernetes.requests.length;
    expectDenied(await lenientDoor.ask(token, { ...requestOf(pod), name }), /does not exist$/);
    const paths = world.kubernetes.requests.slice(before).map(({ path }) => path);
    expect(paths).toEqual(["/apis/authentication.k8s.io/v1/tokenreviews"]);
  });

  test("is asked for with discretion", () => lenientDoor.expectDiscretion());
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
