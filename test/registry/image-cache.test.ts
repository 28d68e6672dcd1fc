/** What is kept of a registry's answers, counted by the requests that it gets. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createImageCache } from "../../lib/registry/image-cache.ts";
import { type RegistryFake, type RegistryOptions, startRegistry } from "../fakes/registry.ts";
import { AMD64, ARM64, type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";

setDefaultTimeout(60_000);

const ALICE = { username: "alice", password: "wonderland" };
const MALLORY = { username: "mallory", password: "guess" };

const started: RegistryFake[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((registry) => registry.stop()));
});

function asker(options: RegistryOptions = {}, bounds?: { entries: number; bytes: number }) {
  const registry = startRegistry(options);
  started.push(registry);
  const clock = { now: 0 };
  const cache = createImageCache(() => clock.now, bounds);
  const ask = async (name: string, asking: Asking = {}) =>
    (await askFor(`${registry.host}/${name}`, [registry.url], { cache, ...asking })).cmd[0];
  /** How many requests the registry gets by it. */
  const requestsOf = async (call: () => Promise<unknown>) => {
    const before = registry.requests.length;
    await call();
    return registry.requests.length - before;
  };
  return { registry, clock, ask, requestsOf };
}

describe("an image that was asked for a moment ago", () => {
  test("by its tag is not asked for again, until 30 seconds are over", async () => {
    const { registry, clock, ask } = asker();
    registry.pushImage("app", "1", { Cmd: ["old"] });
    await ask("app:1");
    registry.pushImage("app", "1", { Cmd: ["new"] });
    clock.now = 29_999;
    expect(await ask("app:1")).toBe("old");
    clock.now = 30_000;
    expect(await ask("app:1")).toBe("new");
  });

  test("by a tag that stands for what it stood for costs one request from then on", async () => {
    const { registry, clock, ask, requestsOf } = asker();
    const platforms = [{ ...AMD64, config: { Cmd: ["a"] } }];
    registry.pushImage("app", "1", {}, { platforms });
    expect(await requestsOf(() => ask("app:1"))).toBe(3);
    clock.now = 1e12;
    expect(await requestsOf(() => ask("app:1"))).toBe(1);
    expect(await requestsOf(() => ask("app:1", { imagePullPolicy: "Always" }))).toBe(1);
  });

  test("is told at once", async () => {
    const { registry } = asker();
    registry.pushImage("app", "1", { Cmd: ["a"] });
    const cache = createImageCache();
    const ask = () => askFor(`${registry.host}/app:1`, [registry.url], { cache });
    await ask();
    expect(ask()).toEqual({ entrypoint: [], cmd: ["a"] });
  });

  test("and refused is heard of once for each who asks", async () => {
    const { registry } = asker();
    const heard: string[] = [];
    const cache = createImageCache(undefined, undefined, (by, outcome) => heard.push(`${by} ${outcome}`));
    const ask = () =>
      caught(async () => await askFor(`${registry.host}/absent:1`, [registry.url], { cache }));
    await ask();
    await ask();
    expect(heard).toEqual(["asked image_not_found", "cached image_not_found"]);
  });

  test("by a tag is not asked for by its digest", async () => {
    const { registry, ask, requestsOf } = asker();
    const { digest } = registry.pushImage("app", "1", { Cmd: ["a"] });
    await ask("app:1");
    expect(await requestsOf(() => ask(`app@${digest}`))).toBe(0);
  });

  test.each([
    ["the policy is Always", "app:1", "Always"],
    ["the tag is latest", "app:latest", undefined],
    ["there is no tag", "app", undefined],
  ])("is asked for again where %s", async (_, name, imagePullPolicy) => {
    const { registry, ask } = asker();
    const tag = name.split(":")[1] ?? "latest";
    registry.pushImage("app", tag, { Cmd: ["old"] });
    await ask(name, { imagePullPolicy });
    registry.pushImage("app", tag, { Cmd: ["new"] });
    expect(await ask(name, { imagePullPolicy })).toBe("new");
  });

  test("as latest is not, where the policy is IfNotPresent", async () => {
    const { registry, ask, requestsOf } = asker();
    registry.pushImage("app", "latest", { Cmd: ["a"] });
    await ask("app");
    expect(await requestsOf(() => ask("app:latest", { imagePullPolicy: "IfNotPresent" }))).toBe(0);
  });

  test("by its digest is never asked for again, whatever the policy", async () => {
    const { registry, clock, ask, requestsOf } = asker();
    const { digest } = registry.pushImage("app", "1", { Cmd: ["a"] });
    await ask(`app@${digest}`);
    clock.now = 1e12;
    expect(await requestsOf(() => ask(`app@${digest}`, { imagePullPolicy: "Always" }))).toBe(0);
  });

  test("for one platform is asked for on another", async () => {
    const { registry, ask } = asker();
    const platforms = [
      { ...AMD64, config: { Cmd: ["on-amd64"] } },
      { ...ARM64, config: { Cmd: ["on-arm64"] } },
    ];
    registry.pushImage("app", "1", {}, { platforms });
    expect(await ask("app:1", { platform: AMD64 })).toBe("on-amd64");
    expect(await ask("app:1", { platform: ARM64 })).toBe("on-arm64");
  });

  test("unverified is asked for again by who verifies", async () => {
    const { registry, ask, requestsOf } = asker();
    registry.pushImage("app", "1", { Cmd: ["a"] });
    await ask("app:1", { skipVerify: true });
    expect(await requestsOf(() => ask("app:1"))).toBe(2);
  });
});

describe("what somebody's credentials could pull", () => {
  test.each([
    ["nobody without any", []],
    ["nobody with others", [MALLORY]],
    ["nobody with another password", [{ ...ALICE, password: "guess" }]],
  ])("is told to %s", async (_, credentials) => {
    const { registry, ask } = asker({ auth: { kind: "basic", users: { alice: ALICE.password } } });
    const { digest } = registry.pushImage("app", "1", { Cmd: ["private"] });
    for (const name of ["app:1", `app@${digest}`]) {
      expect(await ask(name, { credentials: [ALICE] })).toBe("private");
      expect((await caught(() => ask(name, { credentials }))).code).toBe("image_unauthorized");
    }
  });

  test("is told to somebody else with the same", async () => {
    const { registry, ask, requestsOf } = asker({
      auth: { kind: "bearer", users: { alice: ALICE.password } },
    });
    registry.pushImage("app", "1", { Cmd: ["private"] });
    await ask("app:1", { credentials: [ALICE] });
    expect(await requestsOf(() => ask("app:1", { credentials: [{ ...ALICE }] }))).toBe(0);
  });
});

describe("a refusal", () => {
  test("is remembered for 5 seconds", async () => {
    const { registry, clock, ask, requestsOf } = asker();
    await caught(() => ask("app:1"));
    registry.pushImage("app", "1", { Cmd: ["a"] });
    clock.now = 4_999;
    expect(await requestsOf(() => caught(() => ask("app:1")))).toBe(0);
    clock.now = 5_000;
    expect(await ask("app:1")).toBe("a");
  });

  test("of a digest is remembered as long", async () => {
    const { registry, clock, ask, requestsOf } = asker();
    const { digest } = registry.pushImage("app", "1", { Cmd: ["a"] });
    await caught(() => ask(`other@${digest}`));
    clock.now = 4_999;
    expect(await requestsOf(() => caught(() => ask(`other@${digest}`)))).toBe(0);
    clock.now = 5_000;
    expect(await requestsOf(() => caught(() => ask(`other@${digest}`)))).toBe(1);
  });

  test("of credentials is remembered, and the next are tried", async () => {
    const { registry, ask } = asker({ auth: { kind: "basic", users: { alice: ALICE.password } } });
    registry.pushImage("app", "1", { Cmd: ["a"] });
    await caught(() => ask("app:1", { credentials: [MALLORY] }));
    const before = registry.requests.length;
    expect(await ask("app:1", { credentials: [MALLORY, ALICE] })).toBe("a");
    expect(registry.requests.slice(before).filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test.each([429, 500, 503])("for now is not remembered: %d", async (status) => {
    const { registry, ask } = asker();
    registry.pushImage("app", "1", { Cmd: ["a"] });
    registry.failNext({ status, times: 1 });
    expect((await caught(() => ask("app:1"))).code).toBe("registry_unavailable");
    expect(await ask("app:1")).toBe("a");
  });
});

describe("what is kept", () => {
  test.each([
    ["entries", { entries: 2, bytes: 1e6 }],
    ["bytes", { entries: 1e6, bytes: 560 }],
  ])("is bounded in %s, and the least recently used goes", async (_, bounds) => {
    const { registry, ask, requestsOf } = asker({}, bounds);
    for (const tag of ["1", "2", "3"]) registry.pushImage("app", tag, { Cmd: [tag.repeat(90)] });
    await ask("app:1");
    await ask("app:2");
    expect(await requestsOf(() => ask("app:1"))).toBe(0);
    await ask("app:3");
    expect(await requestsOf(() => ask("app:1"))).toBe(0);
    expect(await requestsOf(() => ask("app:2"))).toBe(1);
    // Of the digests that of the first tag was used least recently.
    expect(await requestsOf(() => ask("app:1", { imagePullPolicy: "Always" }))).toBe(2);
  });

  test("has no place for what is larger than all of it", async () => {
    const { registry, ask, requestsOf } = asker({}, { entries: 10, bytes: 500 });
    registry.pushImage("app", "1", { Cmd: ["a"] });
    registry.pushImage("app", "2", { Cmd: ["a".repeat(1_000)] });
    await ask("app:1");
    await ask("app:2");
    expect(await requestsOf(() => ask("app:1"))).toBe(0);
    expect(await requestsOf(() => ask("app:2"))).toBe(2);
  });
});

describe("askers at the same time", () => {
  test("share one request, even for a tag that is asked for anew", async () => {
    const { registry, ask, requestsOf } = asker();
    registry.pushImage("app", "latest", { Cmd: ["a"] });
    const asked = () => Promise.all(Array.from({ length: 20 }, () => ask("app")));
    expect(await requestsOf(asked)).toBe(2);
  });

  test("do not share it with others' credentials", async () => {
    const { registry, ask } = asker({ auth: { kind: "basic", users: { alice: ALICE.password } } });
    registry.pushImage("app", "1", { Cmd: ["private"] });
    const [mine, theirs] = await Promise.all([
      ask("app:1", { credentials: [ALICE] }),
      caught(() => ask("app:1", { credentials: [MALLORY] })),
    ]);
    expect([mine, theirs.code]).toEqual(["private", "image_unauthorized"]);
  });

  test("wait no longer than each of them can, and the others for the answer", async () => {
    const slow = Promise.withResolvers<void>();
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch() {
        asked += 1;
        await slow.promise;
        return new Response(null, { status: 404 });
      },
    });
    let asked = 0;
    const cache = createImageCache();
    const ask = (signal: AbortSignal) =>
      caught(() =>
        askFor(`127.0.0.1:${server.port}/app:1`, [`http://127.0.0.1:${server.port}`], { cache, signal }),
      );
    const patient = ask(AbortSignal.timeout(10_000));
    expect((await ask(AbortSignal.timeout(50))).message).toContain("no answer in time");
    slow.resolve();
    expect((await patient).code).toBe("image_not_found");
    expect(asked).toBe(1);
    await server.stop(true);
  });

  test("who have all left take the request with them, and the next begins anew", async () => {
    const aborted = Promise.withResolvers<void>();
    let asked = 0;
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      // So that it is the client who ends the connection.
      idleTimeout: 0,
      async fetch(request) {
        asked += 1;
        if (asked > 1) return new Response(null, { status: 404 });
        request.signal.addEventListener("abort", () => aborted.resolve());
        return new Promise<Response>(() => {});
      },
    });
    const cache = createImageCache();
    const ask = (signal: AbortSignal) =>
      caught(() =>
        askFor(`127.0.0.1:${server.port}/app:1`, [`http://127.0.0.1:${server.port}`], { cache, signal }),
      );
    await ask(AbortSignal.timeout(50));
    expect((await ask(AbortSignal.timeout(10_000))).code).toBe("image_not_found");
    await aborted.promise;
    await server.stop(true);
  }, 5_000);
});
