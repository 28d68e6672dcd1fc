import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const request = (path: string, init: RequestInit = {}) =>
  fetch(world.url + path, { ...init, tls: { ca: world.authority.pem } });

describe("a probe is answered", () => {
  test.each(["/healthz", "/livez", "/readyz", "/healthz?verbose"])("200 at %s", async (path) => {
    for (const method of ["GET", "HEAD"]) {
      const response = await request(path, { method });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(response.headers.get("connection")).not.toBe("close");
      expect(await response.text()).toBe(method === "GET" ? "ok\n" : "");
    }
  });

  test("without Kubernetes or AWS being asked", async () => {
    const before = world.kubernetes.requests.length;
    await Promise.all(["/healthz", "/livez", "/readyz"].map((path) => request(path)));
    expect(world.kubernetes.requests.length).toBe(before);
    expect(world.aws.requests).toEqual([]);
  });
});

describe("another path", () => {
  test.each(["/", "/secrets", "/secret/", "/Secret", "/mutate/x", "/%73ecret/..%2f", "/metrics"])(
    "is answered 404, with the paths that there are: %s",
    async (path) => {
      for (const method of ["GET", "POST"]) {
        const response = await request(path, { method });
        expect(response.status).toBe(404);
        expect(await response.text()).toBe(
          "not found: POST /mutate, POST /secret, GET /healthz, /livez, /readyz\n",
        );
      }
    },
  );
});

test.each(["/mutate", "/secret"])("another method than POST is answered 405 at %s", async (path) => {
  const response = await request(path);
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
  expect(await response.text()).toBe("use POST\n");
});

test("a body over 8 MiB is answered 413, and the next request is served", async () => {
  const response = await request("/secret", {
    method: "POST",
    headers: { "X-Token": "x" },
    body: " ".repeat(8 * 1024 * 1024 + 1),
  });
  expect(response.status).toBe(413);
  expect((await request("/healthz")).status).toBe(200);
});

test("a client that does not trust the webhook's authority is not connected", async () => {
  const connection = fetch(`${world.url}/healthz`);
  await expect(connection).rejects.toThrow(/certificate/);
});
