/** A registry that has been asked too often. */
import { afterEach, describe, expect, test } from "bun:test";
import { parseRetryAfter } from "../../lib/registry/retry-after.ts";
import { mutate, podWith } from "../admission/mutation.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { startWorld } from "../support/world.ts";
import { type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";

const NOON = Date.UTC(2024, 0, 1, 12, 0, 0);

test.each<[header: string | null, milliseconds: number | undefined]>([
  ["0", 0],
  ["2", 2_000],
  [" 120 ", 120_000],
  ["Mon, 01 Jan 2024 12:00:03 GMT", 3_000],
  ["Mon, 01 Jan 2024 11:59:00 GMT", 0],
  [null, undefined],
  ["", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["99999999999999999999", undefined],
])("Retry-After: %p", (header, milliseconds) => {
  expect(parseRetryAfter(header, NOON)).toBe(milliseconds);
});

describe("a registry that says to come back", () => {
  const started: RegistryFake[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((registry) => registry.stop()));
  });

  const registryFailing = (status: number, times: number, retryAfter?: string) => {
    const registry = startRegistry();
    started.push(registry);
    registry.pushImage("app", "1", { Cmd: ["a"] });
    const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
    registry.failNext({ status, times, headers });
    return registry;
  };
  const ask = ({ host, url }: RegistryFake, asking: Asking = {}) => askFor(`${host}/app:1`, [url], asking);

  test.each([429, 503])("with %d is asked again, not sooner", async (status) => {
    const registry = registryFailing(status, 1, "1");
    const began = performance.now();
    expect((await ask(registry)).cmd).toEqual(["a"]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    expect(registry.requests).toHaveLength(3);
  });

  test("twice is not asked a third time", async () => {
    const registry = registryFailing(429, 2, "0");
    expect((await caught(() => ask(registry))).code).toBe("registry_unavailable");
    expect(registry.requests).toHaveLength(2);
  });

  test("too late is not waited for, and named with who asked", async () => {
    const registry = registryFailing(429, 1, "3");
    const credentials = ["a", "b"].map((username) => ({ username, password: "p" }));
    const { code, message } = await caught(() => ask(registry, { remainingMs: 3_000, credentials }));
    expect(code).toBe("registry_unavailable");
    expect(message).toBe(
      `image ${registry.host}/app:1: ${registry.url} answers 429: it was asked too often and wants to be asked again in 3 s ` +
        "(1 stored credentials tried)",
    );
    expect(registry.requests).toHaveLength(1);
  });

  test("without a time is not asked again", async () => {
    const registry = registryFailing(429, 1);
    expect((await caught(() => ask(registry))).code).toBe("registry_unavailable");
    expect(registry.requests).toHaveLength(1);
  });

  test("by its token service is obeyed as well", async () => {
    const registry = startRegistry({ auth: { kind: "bearer", users: {}, anonymous: true } });
    started.push(registry);
    registry.pushImage("app", "1", { Cmd: ["a"] });
    let refused = false;
    const front = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        if (pathname === "/token" && !refused) {
          refused = true;
          return new Response(null, { status: 429, headers: { "retry-after": "0" } });
        }
        const answer = await fetch(registry.url + pathname + search, { headers: request.headers });
        const headers = new Headers(answer.headers);
        const challenge = headers.get("www-authenticate");
        if (challenge) {
          headers.set("www-authenticate", challenge.replace(registry.host, `127.0.0.1:${front.port}`));
        }
        return new Response(await answer.bytes(), { status: answer.status, headers });
      },
    });
    const host = `127.0.0.1:${front.port}`;
    expect((await askFor(`${host}/app:1`, [`http://${host}`])).cmd).toEqual(["a"]);
    await front.stop(true);
  });
});

test("a Pod whose registry has no time for it is denied at once, with the way out", async () => {
  const world = await startWorld();
  world.registry.pushImage("app", "1", { Cmd: ["a"] });
  world.registry.failNext({ status: 429, times: 1, headers: { "retry-after": "60" } });
  const image = `${world.registry.host}/app:1`;
  const { allowed, status } = await mutate(world, podWith({ image, command: [] }));
  expect(allowed).toBe(false);
  expect(status).toMatchObject({ code: 503, reason: "ServiceUnavailable" });
  for (const part of [
    `image ${image}`,
    world.registry.url,
    "wants to be asked again in 60 s",
    "no stored credentials match",
    "Set command on the container",
  ]) {
    expect(status.message).toContain(part);
  }
  await world.stop();
});
