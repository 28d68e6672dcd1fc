/** What is counted of calls to the API server, most of which no test at the front door can bring about. */
import { describe, expect, test } from "bun:test";
import { PiggyError } from "../../lib/error.ts";
import type { Call } from "../../lib/metrics/calls.ts";
import { measureClient } from "../../lib/metrics/kubernetes-calls.ts";

/** A clock that is 250 ms later at each look. */
function ticking(): () => number {
  let now = 0;
  return () => {
    now += 250;
    return now;
  };
}

describe("a call to the API server is told by its kind", () => {
  test.each([
    ["/api/v1/namespaces/shop/pods/pods-of-mine", "pods"],
    ["/api/v1/namespaces/secrets/configmaps/nodes", "configmaps"],
    ["/api/v1/namespaces/shop/secrets/x", "secrets"],
    ["/api/v1/namespaces/shop/serviceaccounts/x", "serviceaccounts"],
    ["/api/v1/namespaces/shop/events", "events"],
    ["/api/v1/nodes?limit=500&labelSelector=a%2Fpods", "nodes"],
    ["/apis/authentication.k8s.io/v1/tokenreviews", "tokenreviews"],
    ["/version", "version"],
    ["/api/v1/namespaces/shop/whatever/pods", "other"],
    ["/readyz", "other"],
    ["", "other"],
  ])("%s: %s", async (path, what) => {
    const calls: Call[] = [];
    const observe = (call: Call) => void calls.push(call);
    const request = async (_: { readonly path: string }) => ({ ok: true }) as const;
    await measureClient({ request }, observe, ticking()).request({ path });
    expect(calls).toEqual([{ what, outcome: "ok", seconds: 0.25 }]);
  });

  test.each([
    [401, "unauthorized"],
    [403, "forbidden"],
    [404, "not_found"],
    [409, "conflict"],
    [410, "refused"],
    [422, "refused"],
  ])("and by what it was refused with: %d %s", async (code, outcome) => {
    const calls: Call[] = [];
    const request = async (_: { readonly path: string }) => ({ ok: false, code }) as const;
    await measureClient({ request }, (call) => void calls.push(call)).request({ path: "/version" });
    expect(calls).toMatchObject([{ outcome }]);
  });

  test("and by whether there was no answer; the failure is the caller's as it was", async () => {
    const failures = [new PiggyError("kubernetes_unavailable", "no"), new Error("a mistake")];
    const calls: Call[] = [];
    for (const failure of failures) {
      const request = async (_: { readonly path: string }): Promise<{ readonly ok: true }> => {
        throw failure;
      };
      const measured = measureClient({ request }, (call) => void calls.push(call));
      await expect(measured.request({ path: "/version" })).rejects.toBe(failure);
    }
    expect(calls.map(({ outcome }) => outcome)).toEqual(["unavailable", "failed"]);
  });
});
