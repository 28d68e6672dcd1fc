/** The time that a request leaves, and what is done with it when a look-up does not end. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { scrape } from "../metrics/scrape.ts";
import { takesLessThan } from "../support/at-best.ts";
import { until } from "../support/until.ts";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, mutate, podWith, reviewOf } from "./mutation.ts";

setDefaultTimeout(60_000);

/** Longer than the API server waits by default, shorter than it can be told to. */
const LATE_MS = 12_000;

/** A registry that keeps every request until its client goes, sending what it is told to send now and then. */
function slowRegistry(trickle?: string) {
  let [underWay, mostUnderWay] = [0, 0];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch({ signal }) {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => {
        underWay -= 1;
        resolve();
      });
      if (trickle === undefined) await gone;
      const bytes = new ReadableStream({
        async pull(controller) {
          controller.enqueue(trickle);
          await Promise.race([gone, Bun.sleep(1_000)]);
          if (signal.aborted) controller.close();
        },
      });
      return new Response(bytes, {
        headers: { "Content-Type": "application/vnd.oci.image.manifest.v1+json" },
      });
    },
  });
  return {
    host: `127.0.0.1:${server.port}`,
    stop: () => server.stop(true),
    underWay: () => underWay,
    mostUnderWay: () => mostUnderWay,
  };
}

const silent = slowRegistry();
const trickling = slowRegistry("{");

let world: World;
beforeAll(async () => {
  const origins = [silent, trickling].map(({ host }) => `http://${host}`).join(",");
  world = await startWorld({ environment: { PIGGY_REGISTRY_ORIGINS: origins } });
});
afterAll(async () => {
  await Promise.all([silent.stop(), trickling.stop(), world.stop()]);
});

const fromConfigMaps = (...names: readonly string[]) => ({
  env: [],
  envFrom: names.map((name) => ({ configMapRef: { name } })),
});

/** The named object is not there, and the API server takes so long to say it. */
function answerLate(name: string, times = 1, delayMs = LATE_MS): void {
  world.kubernetes.failNext({ path: new RegExp(`/${name}$`), status: 404, times, delayMs });
}

/** Whether it comes to hold long before a request's time is over, when every look-up has ended anyhow. */
function comesSoon(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  return Promise.race([until(holds).then(() => true), Bun.sleep(LATE_MS).then(() => false)]);
}

async function timed(manifest: object, query: string) {
  const review = reviewOf(manifest);
  const started = performance.now();
  const answer = await fetch(`${world.url}/mutate${query}`, {
    method: "POST",
    body: JSON.stringify(review),
    tls: { ca: world.authority.pem },
  });
  const response = verifyResponse(await answer.json(), review.request.uid);
  return { ...response, milliseconds: performance.now() - started };
}

describe("a look-up that takes twelve seconds is waited for until shortly before the API server gives up,", () => {
  test.concurrent.each([
    ["", 10_000],
    ["?timeout=", 10_000],
    ["?timeout=soon", 10_000],
    ["?timeout=0s", 10_000],
    ["?timeout=-5s", 10_000],
    ["?timeout=10s", 10_000],
    ["?timeout=1s", 1_000],
    ["?timeout=0.5s", 500],
    ["?timeout=500ms", 500],
  ])("with %j", async (query, givenMs) => {
    const isInTime = await takesLessThan(givenMs, async () => {
      const name = `late-${crypto.randomUUID()}`;
      answerLate(name);
      const { allowed, status, milliseconds } = await timed(podWith(fromConfigMaps(name)), query);
      expect(allowed).toBe(false);
      expect(status).toMatchObject({ code: 503, reason: "ServiceUnavailable" });
      expect(status?.message).toEndWith(`/configmaps/${name}: no answer in time`);
      expect(milliseconds).toBeGreaterThanOrEqual(Math.max(givenMs / 2, givenMs - 500) - 20);
      return milliseconds;
    });
    expect(isInTime).toBe(true);
  });

  test.concurrent.each(["?timeout=30s", "?timeout=1h"])("and to its end with %j", async (query) => {
    const name = `late-${crypto.randomUUID()}`;
    answerLate(name);
    const { allowed, milliseconds } = await timed(podWith(fromConfigMaps(name)), query);
    expect(allowed).toBe(true);
    expect(milliseconds).toBeGreaterThanOrEqual(LATE_MS);
  });
});

describe("the denial names what was waited for:", () => {
  test("the one ConfigMap among many", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `quick-${index}`);
    answerLate("stuck");
    const envFrom = fromConfigMaps(...names.slice(0, 20), "stuck", ...names.slice(20));
    const { allowed, status } = await mutate(world, podWith(envFrom), "/mutate?timeout=3s");
    expect(allowed).toBe(false);
    expect(status.message).toContain("/configmaps/stuck: no answer in time");
  });

  test("the service account, whose secrets the registry would be shown", async () => {
    answerLate("hanging");
    const pod = podWith(
      { image: `${world.registry.host}/shop/app:1`, command: [] },
      { spec: { serviceAccountName: "hanging" } },
    );
    const { allowed, status } = await mutate(world, pod, "/mutate?timeout=1s");
    expect(allowed).toBe(false);
    expect(status.message).toContain("/serviceaccounts/hanging: no answer in time");
    expect(status.message).toContain('container "main"');
  });

  test.each([
    ["says nothing", silent],
    ["says a byte a second", trickling],
  ])("a registry that %s", async (_, { host }) => {
    const image = `${host}/shop/app:1`;
    const isInTime = await takesLessThan(2_000, async () => {
      const { allowed, status, milliseconds } = await timed(podWith({ image, command: [] }), "?timeout=2s");
      expect(allowed).toBe(false);
      expect(status?.code).toBe(503);
      expect(status?.message).toContain(`image ${image}: http://${host}: no answer in time`);
      return milliseconds;
    });
    expect(isInTime).toBe(true);
  });
});

describe("of a Pod that names", () => {
  /** Of a webhook that has asked for nothing else yet. Nothing is answered before so many are asked for. */
  const mostUnderWay = async (manifest: object, expected: number) => {
    const other = await startWorld();
    const areUnderWay = until(() => other.kubernetes.mostUnderWay() >= expected);
    const slow = { path: /namespaces/, status: 404, times: 1_000, delayMs: 20, until: areUnderWay };
    other.kubernetes.failNext(slow);
    const { allowed } = await mutate(other, manifest);
    const most = other.kubernetes.mostUnderWay();
    await other.stop();
    expect(allowed).toBe(true);
    return most;
  };

  test("five ConfigMaps, all are looked up at once", async () => {
    expect(await mostUnderWay(podWith(fromConfigMaps("a", "b", "c", "d", "e")), 5)).toBe(5);
  });

  test("a ConfigMap in each of 500 containers, sixteen", async () => {
    const containers = Array.from({ length: 500 }, (_, index) =>
      containerWith({ name: `c${index}`, ...fromConfigMaps(`m${index}`) }),
    );
    expect(await mostUnderWay(podWith({}, { spec: { containers } }), 16)).toBe(16);
  });

  test("500 images of a registry that hangs, sixteen are asked for, and none any more after the denial", async () => {
    const registry = slowRegistry();
    const PIGGY_REGISTRY_ORIGINS = `http://${registry.host}`;
    const other = await startWorld({ environment: { PIGGY_REGISTRY_ORIGINS } });
    const containers = Array.from({ length: 500 }, (_, index) =>
      containerWith({ name: `c${index}`, command: [], image: `${registry.host}/app:${index}` }),
    );
    const { allowed } = await mutate(other, podWith({}, { spec: { containers } }), "/mutate?timeout=2s");
    expect(allowed).toBe(false);
    expect(registry.mostUnderWay()).toBe(16);
    expect((await mutate(other, podWith())).allowed).toBe(true);
    await Promise.all([other.stop(), registry.stop()]);
  });

  test("500 imagePullSecrets, each is read once for all containers, sixteen at a time", async () => {
    const other = await startWorld();
    other.registry.pushImage("shop/app", "1", { Entrypoint: ["/app"] });
    const areUnderWay = until(() => other.kubernetes.mostUnderWay() >= 16);
    const slow = { path: /secrets/, status: 404, times: 500, delayMs: 20, until: areUnderWay };
    other.kubernetes.failNext(slow);
    const imagePullSecrets = Array.from({ length: 500 }, (_, index) => ({ name: `s${index}` }));
    const containers = ["one", "two"].map((name) =>
      containerWith({ name, command: [], image: `${other.registry.host}/shop/app:1` }),
    );
    const { allowed } = await mutate(other, podWith({}, { spec: { containers, imagePullSecrets } }));
    expect(allowed).toBe(true);
    expect(other.kubernetes.requests.filter(({ path }) => path.includes("/secrets/"))).toHaveLength(500);
    expect(other.kubernetes.mostUnderWay()).toBe(16);
    await other.stop();
  });
});

test("registries that hang, whatever the number of Pods, hold 64 requests, and the API server is asked all the same", async () => {
  const registry = slowRegistry();
  const other = await startWorld({ environment: { PIGGY_REGISTRY_ORIGINS: `http://${registry.host}` } });
  const denials = Array.from({ length: 6 }, (_, pod) => {
    const containers = Array.from({ length: 16 }, (_, index) =>
      containerWith({ name: `c${index}`, command: [], image: `${registry.host}/app-${pod}:${index}` }),
    );
    return mutate(other, podWith({}, { spec: { containers } }), "/mutate?timeout=5s");
  });
  await until(() => registry.underWay() === 64);
  const { allowed } = await mutate(other, podWith(fromConfigMaps("a", "b")), "/mutate?timeout=5s");
  expect([allowed, registry.underWay()]).toEqual([true, 64]);
  expect((await Promise.all(denials)).map((denial) => denial.allowed)).toEqual(Array(6).fill(false));
  expect(registry.mostUnderWay()).toBe(64);
  await Promise.all([other.stop(), registry.stop()]);
});

test("when one look-up has denied the Pod, the others are given up at once, and nothing comes of their failure", async () => {
  world.kubernetes.failNext({ path: /\/broken$/, status: 500, times: 1, delayMs: 300 });
  answerLate("never");
  const containers = [
    containerWith({ name: "image", command: [], image: `${silent.host}/given-up:1` }),
    containerWith({ name: "object", ...fromConfigMaps("broken", "never") }),
  ];
  const pod = podWith({}, { spec: { containers } });
  const { allowed, status, milliseconds } = await timed(pod, "?timeout=30s");
  expect(allowed).toBe(false);
  expect(status?.message).toContain("/configmaps/broken: 500");
  expect(milliseconds).toBeLessThan(LATE_MS);
  // The registry hears of it in its own time.
  expect(await comesSoon(() => silent.underWay() === 0)).toBe(true);
  expect((await mutate(world, podWith())).allowed).toBe(true);
  expect(world.webhook.log.filter(({ level }) => !["info", "warn", "debug"].includes(level))).toEqual([]);
});

test("when one container denies the Pod at once, the look-ups for the others are given up, and nothing comes of their failure", async () => {
  const slow = (name: string) => containerWith({ name, command: [], image: `${silent.host}/${name}:1` });
  const invalid = containerWith({
    name: "invalid",
    env: [{ name: "A", value: "piggy://sm/a?encoding=none" }],
  });
  const containers = [slow("before"), invalid, slow("behind")];
  const givenUp = async () =>
    (await scrape(world.webhook)).value("piggy_image_lookups_total", {
      source: "asked",
      outcome: "registry_unavailable",
    });
  const before = await givenUp();
  const { allowed, status } = await mutate(
    world,
    podWith({}, { spec: { containers } }),
    "/mutate?timeout=30s",
  );
  expect(allowed).toBe(false);
  expect(status.message).toContain('container "invalid": A:');
  expect(await comesSoon(async () => (await givenUp()) === before + 2)).toBe(true);
  expect((await mutate(world, podWith())).allowed).toBe(true);
  expect(world.webhook.log.filter(({ level }) => !["info", "warn", "debug"].includes(level))).toEqual([]);
});

test("a dry run is answered alike, and changes nothing", async () => {
  const pod = podWith({ ...fromConfigMaps("absent"), command: ["/app"] });
  const send = async (dryRun: boolean) => {
    const review = reviewOf(pod, { dryRun });
    const answer = await fetch(`${world.url}/mutate?timeout=5s`, {
      method: "POST",
      body: JSON.stringify(review),
      tls: { ca: world.authority.pem },
    });
    const { patch = "", ...rest } = verifyResponse(await answer.json(), review.request.uid);
    const operations = Buffer.from(patch, "base64").toString();
    const uids = /[0-9a-f]{32}/g;
    return { ...rest, uid: "", operations: operations.replaceAll(uids, "UID") };
  };
  const before = world.kubernetes.requests.length;
  const dry = await send(true);
  expect(world.kubernetes.requests.slice(before).map(({ method }) => method)).toEqual(["GET"]);
  expect(dry.allowed).toBe(true);
  expect(dry).toEqual(await send(false));
});
