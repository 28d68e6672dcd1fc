/** Tokens that are none, or not the asking Pod's. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { World } from "../../support/world.ts";
import {
  accountOf,
  addServiceAccount,
  boundTo,
  defaultToken,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
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
    // An exp that is no number, and becomes none either
    [`e30.${Buffer.from('{"exp":{"toString":1,"valueOf":1}}').toString("base64url")}.e30`, /has expired/],
    [`e30.${Buffer.from('{"exp":"never"}').toString("base64url")}.e30`, /has expired/],
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

  test("when it has expired by the API server's clock, whatever ours says", async () => {
    const hour = 60 * 60;
    const lasting = (hours: number) =>
      world.kubernetes.token({
        ...accountOf(pod),
        pod: boundTo(pod),
        audiences: ["piggysec.com"],
        expirationSeconds: hours * hour,
      });
    const ours = await lasting(1);
    try {
      world.kubernetes.setClockAhead(2 * hour * 1000);
      // By what the API server answers here its clock is known.
      expect((await askWith(await lasting(1))).status).toBe(200);
      const before = world.kubernetes.requests.length;
      expectDenied(await askWith(ours), /expired/);
      expect(world.kubernetes.requests.slice(before)).toEqual([]);
      world.kubernetes.setClockAhead(-2 * hour * 1000);
      expect((await askWith(await lasting(6))).status).toBe(200);
      expect((await askWith(await lasting(1))).status).toBe(200);
    } finally {
      world.kubernetes.setClockAhead(0);
      await askWith(await lasting(6));
    }
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
      /^the token is bound to no Pod$/,
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

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
