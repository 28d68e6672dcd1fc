import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { type KubernetesFake, startKubernetes } from "./kubernetes.ts";

let kubernetes: KubernetesFake;

beforeAll(async () => {
  kubernetes = await startKubernetes();
  kubernetes.grant("piggy:server", { resource: "tokenreviews", verb: "create" });
  kubernetes.grant("piggy:server", { resource: "secrets", verb: "get", namespace: "shop" });
  kubernetes.add({ kind: "ServiceAccount", metadata: { name: "server", namespace: "piggy" } });
  kubernetes.add({ kind: "ServiceAccount", metadata: { name: "app", namespace: "shop" } });
});

afterAll(async () => {
  await kubernetes.stop();
});

async function ask(path: string, { token, body }: { token?: string; body?: object } = {}) {
  const response = await fetch(`https://${kubernetes.host}:${kubernetes.port}${path}`, {
    tls: { ca: kubernetes.caPem },
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse((await response.text()) || "null") };
}

const serverToken = () => kubernetes.token({ namespace: "piggy", serviceAccount: "server" });

async function tokenReview(token: string, audiences?: string[]) {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences } };
  const answer = await ask("/apis/authentication.k8s.io/v1/tokenreviews", {
    token: await serverToken(),
    body,
  });
  expect(answer.status).toBe(201);
  return answer.body.status;
}

async function boundPod(name: string) {
  const spec = { serviceAccountName: "app", containers: [{ name: "main", image: "app:1" }] };
  const created = await kubernetes.createPod({ metadata: { name, namespace: "shop" }, spec });
  if (!created.allowed) throw new Error(created.status.message);
  const { uid } = created.pod.metadata;
  const request = { namespace: "shop", serviceAccount: "app", audiences: ["piggysec.com"] };
  return { uid, token: await kubernetes.token({ ...request, pod: { name, uid } }) };
}

describe("transport", () => {
  test("the certificate is not accepted without the CA", async () => {
    const url = `https://${kubernetes.host}:${kubernetes.port}/version`;
    await expect(fetch(url)).rejects.toThrow();
    expect((await ask("/version")).body.gitVersion).toStartWith("v1.");
  });

  test("requests are recorded with their query and user", async () => {
    await ask("/api/v1/namespaces/shop/secrets/none?pretty=true", { token: await serverToken() });
    expect(kubernetes.requests.at(-1)).toEqual({
      method: "GET",
      path: "/api/v1/namespaces/shop/secrets/none?pretty=true",
      status: 404,
      user: "system:serviceaccount:piggy:server",
    });
  });

  test("a fault is answered as often as ordered, on its path alone, after its delay", async () => {
    const token = await serverToken();
    kubernetes.failNext({ path: /secrets\/flaky$/, status: 503, times: 1, delayMs: 50 });
    expect((await ask("/version")).status).toBe(200);
    const before = performance.now();
    const failed = await ask("/api/v1/namespaces/shop/secrets/flaky", { token });
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
    expect(failed).toMatchObject({ status: 503, body: { kind: "Status", reason: "ServiceUnavailable" } });
    expect((await ask("/api/v1/namespaces/shop/secrets/flaky", { token })).status).toBe(404);
  });

  test("a fault of one method leaves the others alone", async () => {
    const refusal = kubernetes.failNext({ method: "POST", path: /^\/version$/, status: 503, times: 1 });
    expect((await ask("/version")).status).toBe(200);
    expect((await ask("/version", { body: {} })).status).toBe(503);
    expect(refusal.met()).toBe(1);
  });
});

describe("objects and authorisation", () => {
  test("a Secret's stringData is stored as base64 data", async () => {
    kubernetes.add({
      kind: "Secret",
      metadata: { name: "db", namespace: "shop" },
      data: { a: "MQ==" },
      stringData: { b: "2\n" },
    });
    const { body } = await ask("/api/v1/namespaces/shop/secrets/db", { token: await serverToken() });
    expect(body).toMatchObject({ kind: "Secret", data: { a: "MQ==", b: "Mgo=" } });
    expect(body).not.toHaveProperty("stringData");
  });

  test("an object that is not there, or no longer, is a 404 Status", async () => {
    const token = await serverToken();
    kubernetes.add({ kind: "Secret", metadata: { name: "gone", namespace: "shop" } });
    expect((await ask("/api/v1/namespaces/shop/secrets/gone", { token })).status).toBe(200);
    kubernetes.remove("Secret", "shop", "gone");
    expect((await ask("/api/v1/namespaces/shop/secrets/gone", { token })).body).toMatchObject({
      code: 404,
      reason: "NotFound",
      message: 'secrets "gone" not found',
      details: { name: "gone", kind: "secrets" },
    });
  });

  test.each([
    ["another resource", "/api/v1/namespaces/shop/configmaps/db", "configmaps", "shop"],
    ["another namespace", "/api/v1/namespaces/bank/secrets/db", "secrets", "bank"],
  ])("%s than the granted one is forbidden", async (_, path, resource, namespace) => {
    const { status, body } = await ask(path, { token: await serverToken() });
    expect(status).toBe(403);
    expect(body.message).toBe(
      `${resource} "db" is forbidden: User "system:serviceaccount:piggy:server" cannot get resource "${resource}" in API group "" in the namespace "${namespace}"`,
    );
  });

  test("no token is anonymous and forbidden, a bad one and one of a foreign audience are unauthorized", async () => {
    const path = "/api/v1/namespaces/shop/secrets/db";
    const foreign = await kubernetes.token({
      namespace: "piggy",
      serviceAccount: "server",
      audiences: ["other"],
    });
    expect((await ask(path)).body.message).toContain('User "system:anonymous"');
    expect(await ask(path, { token: "garbage" })).toMatchObject({
      status: 401,
      body: { reason: "Unauthorized" },
    });
    expect((await ask(path, { token: foreign })).status).toBe(401);
    expect((await ask(path, { token: "two words" })).status).toBe(401);
  });

  test("a caller without the grant cannot review tokens", async () => {
    const token = await kubernetes.token({ namespace: "shop", serviceAccount: "app" });
    const { status, body } = await ask("/apis/authentication.k8s.io/v1/tokenreviews", { token, body: {} });
    expect(status).toBe(403);
    expect(body.message).toStartWith("tokenreviews.authentication.k8s.io is forbidden: ");
    expect(body.message).toEndWith("at the cluster scope");
  });
});

describe("tokens", () => {
  test("carry the claims of a projected token, signed by the published key", async () => {
    const { uid, token } = await boundPod("claims");
    const keys = createLocalJWKSet(JSON.parse(JSON.stringify(kubernetes.jwks())));
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: kubernetes.issuer });
    expect(protectedHeader.alg).toBe("RS256");
    expect(payload).toMatchObject({
      aud: ["piggysec.com"],
      sub: "system:serviceaccount:shop:app",
      "kubernetes.io": { namespace: "shop", serviceaccount: { name: "app" }, pod: { name: "claims", uid } },
    });
    expect(payload.exp).toBe((payload.iat ?? 0) + 3600);
  });

  test("are for the issuer when no audience is asked for, and not given to an unknown service account", async () => {
    expect(decodeJwt(await serverToken()).aud).toEqual([kubernetes.issuer]);
    const unknown = kubernetes.token({ namespace: "shop", serviceAccount: "nobody" });
    await expect(unknown).rejects.toThrow('serviceaccounts "nobody" not found');
  });
});

describe("TokenReview", () => {
  test("names the user, the Pod and the audiences that are asked for and in the token", async () => {
    const { uid, token } = await boundPod("good");
    expect(await tokenReview(token, ["piggysec.com", "more"])).toMatchObject({
      authenticated: true,
      audiences: ["piggysec.com"],
      user: {
        username: "system:serviceaccount:shop:app",
        groups: ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": [`JTI=${decodeJwt(token).jti}`],
          "authentication.kubernetes.io/pod-name": ["good"],
          "authentication.kubernetes.io/pod-uid": [uid],
        },
      },
    });
  });

  test("without audiences is for the API server's own", async () => {
    expect(await tokenReview(await serverToken())).toMatchObject({
      authenticated: true,
      audiences: [kubernetes.issuer],
    });
  });

  test("refuses a wrong audience", async () => {
    const status = await tokenReview(await serverToken(), ["piggysec.com"]);
    expect(status.authenticated).toBeUndefined();
    expect(status.error).toBe(
      `[invalid bearer token, token audiences ["${kubernetes.issuer}"] is invalid for the target audiences ["piggysec.com"]]`,
    );
  });

  test("refuses a token that has expired longer ago than the leeway of a minute", async () => {
    const account = { namespace: "piggy", serviceAccount: "server" };
    const late = await kubernetes.token({ ...account, expirationSeconds: -30 });
    const expired = await kubernetes.token({ ...account, expirationSeconds: -90 });
    expect((await tokenReview(late)).authenticated).toBe(true);
    expect((await tokenReview(expired)).error).toBe(
      "[invalid bearer token, service account token has expired]",
    );
  });

  test("refuses a token of another signer", async () => {
    const other = await startKubernetes();
    const token = await other.token({ namespace: "shop", serviceAccount: "default" });
    await other.stop();
    expect((await tokenReview(token)).error).toContain("cryptographic primitive");
  });

  test("refuses the token of a Pod that is gone, also when a namesake has come", async () => {
    const { token } = await boundPod("mortal");
    const review = () => tokenReview(token, ["piggysec.com"]);
    expect((await review()).authenticated).toBe(true);
    kubernetes.remove("Pod", "shop", "mortal");
    expect((await review()).error).toContain("service account token has been invalidated");
    await boundPod("mortal");
    expect((await review()).error).toContain("does not match service account pod ref claim");
  });

  test("refuses the token of a service account that was made anew", async () => {
    kubernetes.add({ kind: "ServiceAccount", metadata: { name: "reborn", namespace: "shop" } });
    const token = await kubernetes.token({ namespace: "shop", serviceAccount: "reborn" });
    kubernetes.add({ kind: "ServiceAccount", metadata: { name: "reborn", namespace: "shop" } });
    expect((await tokenReview(token)).error).toContain("does not match claim");
  });
});
