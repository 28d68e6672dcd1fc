import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  type Answer,
  ARGV,
  accountOf,
  addServiceAccount,
  boundTo,
  defaultToken,
  digest,
  HUSH,
  joinedSignature,
  NOT_ALLOWED,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
} from "./asking.ts";

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

/** Whoever asked learns nothing of the reason, which is for the audit line. */
function expectDenied({ status, body, audit, headers }: Answer, reason: RegExp): void {
  expect(status).toBe(403);
  expect(body).toBe(NOT_ALLOWED);
  expect(headers.get("content-type")).toStartWith("text/plain");
  expect(audit).toMatchObject({ level: "warn", decision: "denied", code: "not_allowed" });
  expect(audit?.["reason"]).toMatch(reason);
}

describe("a request without a token", () => {
  test.each([undefined, ""])("is answered 401 when X-Token is %p", async (token) => {
    const { status, body, audit } = await door.ask(token, requestOf(pod));
    expect(status).toBe(401);
    expect(body).toBe("no X-Token: send the service-account token\n");
    expect(audit).toMatchObject({ decision: "denied", code: "token_missing" });
  });
});

describe("a token is denied", () => {
  const askWith = async (token: string) => door.ask(token, requestOf(pod));

  test.each<[string, RegExp]>([
    ["garbage", /not a JWT/],
    ["a.b.c", /not a JWT/],
    ["Bearer e30.e30.e30", /not authenticated/],
    ["e30.e30.e30", /not authenticated/],
    // {"aud":"piggysec.com"}
    ["e30.eyJhdWQiOiJwaWdneXNlYy5jb20ifQ.e30", /not authenticated/],
  ])("when it is %p", async (token, reason) => {
    expectDenied(await askWith(token), reason);
  });

  test("when its signature is another's", async () => {
    const token = await ownToken(world.kubernetes, pod);
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(342)}`;
    expectDenied(await askWith(forged), /not authenticated/);
  });

  test("when its claims were changed", async () => {
    const [header, claims = "", signature] = (
      await ownToken(world.kubernetes, await startPod(world.kubernetes))
    ).split(".");
    const changed = JSON.parse(Buffer.from(claims, "base64url").toString());
    changed["kubernetes.io"].pod = boundTo(pod);
    const forged = Buffer.from(JSON.stringify(changed)).toString("base64url");
    expectDenied(await askWith([header, forged, signature].join(".")), /not authenticated/);
  });

  test("when it has expired, without the API server being asked", async () => {
    const before = world.kubernetes.requests.length;
    const expired = { audiences: ["piggysec.com"], expirationSeconds: -1 };
    expectDenied(
      await askWith(await world.kubernetes.token({ ...accountOf(pod), pod: boundTo(pod), ...expired })),
      /expired/,
    );
    expect(world.kubernetes.requests.slice(before)).toEqual([]);
  });

  test("when it is for another audience", async () => {
    const other = { audiences: ["vault"], pod: boundTo(pod) };
    expectDenied(
      await askWith(await world.kubernetes.token({ ...accountOf(pod), ...other })),
      /not authenticated.*audiences/,
    );
  });

  test("when it is bound to no Pod", async () => {
    const unbound = { audiences: ["piggysec.com"] };
    expectDenied(
      await askWith(await world.kubernetes.token({ ...accountOf(pod), ...unbound })),
      /bound to no Pod/,
    );
  });

  test("when its service account is not the Pod's", async () => {
    addServiceAccount(world.kubernetes, "shop", "intruder");
    const token = await ownToken(world.kubernetes, { ...pod, serviceAccount: "intruder" });
    const answer = await askWith(token);
    expectDenied(answer, /the Pod's service account is cart, the token's intruder/);
    expect(answer.audit).toMatchObject({ namespace: "shop", serviceAccount: "intruder", pod: "cart" });
  });

  test("when it is of another namespace, whose Pod and service account have the same names", async () => {
    const twin = await startPod(world.kubernetes, { namespace: "mirror", name: "cart" });
    expectDenied(
      await askWith(await ownToken(world.kubernetes, twin)),
      /no container of Pod mirror\/cart has this uid/,
    );
  });

  test("when it is another Pod's of the same service account", async () => {
    const other = await startPod(world.kubernetes, { name: "other" });
    const token = await ownToken(world.kubernetes, other);
    expectDenied(await askWith(token), /bound to Pod other, and asks for Pod cart/);
    expectDenied(
      await door.ask(token, { ...requestOf(pod), name: "other" }),
      /no container of Pod shop\/other/,
    );
    expectDenied(await door.ask(token, { ...requestOf(pod), name: "" }), /no container of Pod shop\/other/);
  });

  test("when it is the default one, which the Pod shows to others too", async () => {
    expectDenied(
      await askWith(await defaultToken(world.kubernetes, pod)),
      /default token for a Pod that has a token of its own/,
    );
  });

  test("when it is a default one that is bound to no Pod", async () => {
    expectDenied(
      await askWith(await world.kubernetes.token(accountOf(pod))),
      /default token is bound to no Pod/,
    );
  });
});

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

describe("a command is denied", () => {
  const askToRun = async (signature: string) =>
    door.ask(await ownToken(world.kubernetes, pod), { ...requestOf(pod), signature });

  test("but not the one that was admitted", async () => {
    expect((await askToRun(digest(ARGV))).status).toBe(200);
  });

  test.each<[string, string]>([
    ["of no signature", ""],
    ["with another argument", digest(["/bin/app", "--serve", "all night"])],
    ["with one argument more", digest([...ARGV, "-v"])],
    ["with an empty argument more", digest([...ARGV, ""])],
    ["with one argument less", digest(ARGV.slice(0, -1))],
    ["whose arguments are parted elsewhere", digest(["/bin/app", "--serve", "all", "day"])],
    ["that is signed as older injectors do", joinedSignature(ARGV)],
    ["whose signature is in upper case", digest(ARGV).toUpperCase()],
  ])("%s", async (_, signature) => {
    expectDenied(await askToRun(signature), /the command is not the one that was admitted/);
  });

  test("with what the kubelet would have expanded, when it is sent expanded", async () => {
    const argv = ["/bin/app", "$(PASSWORD)", "$$HOME"];
    const expanding = await startPod(world.kubernetes, { argv });
    const token = await ownToken(world.kubernetes, expanding);
    expect((await door.ask(token, requestOf(expanding))).status).toBe(200);
    const signature = digest(["/bin/app", "piggy:password", "$HOME"]);
    expectDenied(await door.ask(token, { ...requestOf(expanding), signature }), /the command is not/);
  });

  test("unless the Pod was admitted with piggy-enforce-integrity: false", async () => {
    const annotations = { "aws-secret-name": "shop/cart", "piggy-enforce-integrity": "false" };
    const free = await startPod(world.kubernetes, { annotations });
    const token = await ownToken(world.kubernetes, free);
    expect((await door.ask(token, { ...requestOf(free), signature: "" })).status).toBe(200);
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());

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
