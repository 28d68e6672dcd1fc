/** GET /metrics, before and after requests of every kind. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import packageJson from "../../package.json" with { type: "json" };
import { mutate, podWith, post, reviewOf } from "../admission/mutation.ts";
import { type Labels, type Scrape, scrape } from "../metrics/scrape.ts";
import { ownToken, requestOf, type StartedPod, startPod } from "../secrets/asking.ts";
import { until } from "../support/until.ts";
import { REGION, startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.registry.pushImage("team/app", "1", { Entrypoint: ["/app"] });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value: JSON.stringify({ password: "hush" }) });
});
afterAll(() => world.stop());

function askSecret(token: string | undefined, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${world.url}/secret`, {
    method: "POST",
    headers: { ...headers, ...(token === undefined ? {} : { "X-Token": token }) },
    body: JSON.stringify(body),
    tls: { ca: world.authority.pem },
  });
}

async function askAs(pod: StartedPod): Promise<number> {
  return (await askSecret(await ownToken(world.kubernetes, pod), requestOf(pod))).status;
}

/** How much each of these grew by what was done. */
async function growth(
  names: readonly (readonly [name: string, labels: Labels])[],
  act: () => Promise<unknown>,
): Promise<readonly number[]> {
  const before = await scrape(world.webhook);
  await act();
  const after = await scrape(world.webhook);
  return names.map(([name, labels]) => after.value(name, labels) - before.value(name, labels));
}

const requests = (labels: Labels) => ["piggy_requests_total", labels] as const;
const timed = (route: string) => ["piggy_request_duration_seconds_count", { route }] as const;

describe("what is answered", () => {
  test("is Prometheus' text format, each family once and under its name, each series once", async () => {
    const response = await fetch(`http://${world.webhook.metricsAddress}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const { text, families, samples } = await scrape(world.webhook);
    expect(text).toEndWith("\n");
    expect(families.map(({ name }) => name).length).toBe(new Set(families.map(({ name }) => name)).size);
    for (const { name, help, type } of families) {
      expect(name).toMatch(/^(piggy|process)_[a-z_]+$/);
      expect(help).toEndWith(".");
      expect(type === "COUNTER").toBe(name.endsWith("_total"));
      expect(["COUNTER", "GAUGE", "HISTOGRAM"]).toContain(type);
    }
    expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
    const series = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(series.length).toBe(new Set(series).size);
  });

  test("names the versions of piggy-webhooks and of Bun", async () => {
    const { value } = await scrape(world.webhook);
    const { version } = packageJson;
    expect(value("piggy_build_info", { version, bun: Bun.version })).toBe(1);
  });

  test("says when the certificate that is served expires", async () => {
    const { validTo } = new X509Certificate(await readFile(world.environment["TLS_CERT_FILE"] ?? ""));
    const { value } = await scrape(world.webhook);
    expect(value("piggy_tls_certificate_expiry_timestamp_seconds")).toBe(Date.parse(validTo) / 1000);
  });

  test("says what the process uses", async () => {
    const { value } = await scrape(world.webhook);
    const now = Date.now() / 1000;
    expect(value("process_cpu_seconds_total")).toBeWithin(0.01, 600);
    expect(value("process_resident_memory_bytes")).toBeWithin(20e6, 1e9);
    expect(value("process_open_fds")).toBeWithin(5, 1_000);
    expect(value("process_max_fds")).toBeGreaterThanOrEqual(value("process_open_fds"));
    expect(value("process_start_time_seconds")).toBeWithin(now - 600, now);
  });
});

describe("POST /mutate is counted by what became of the Pod:", () => {
  const plain = { apiVersion: "v1", kind: "Pod", metadata: { name: "plain" }, spec: { containers: [] } };
  const skip = { "piggysec.com/piggy-skip-containers": "main" };
  const mutated = (labels: Labels) => requests({ route: "mutate", ...labels });

  test.each<[string, () => Promise<unknown>, Labels]>([
    ["injected", () => mutate(world, podWith()), { outcome: "injected", code: "" }],
    ["skipped", () => mutate(world, podWith({}, { annotations: skip })), { outcome: "skipped", code: "" }],
    ["unconcerned", () => mutate(world, plain), { outcome: "unconcerned", code: "" }],
    [
      "unwrapped",
      async () => {
        const { json } = await mutate(world, podWith());
        const wrapped = JSON.stringify(json).replaceAll("piggy:PASSWORD", "plain");
        await mutate(world, JSON.parse(wrapped));
      },
      { outcome: "unwrapped", code: "" },
    ],
    [
      "denied, with the code",
      () => mutate(world, podWith({ image: `${world.registry.host}/team/none:1`, command: [] })),
      { outcome: "denied", code: "image_not_found" },
    ],
    ["failed, with the code", () => post(world, "{}"), { outcome: "failed", code: "review_invalid" }],
  ])("%s", async (_, act, labels) => {
    const [grown, all = 0, times] = await growth([mutated(labels), mutated({}), timed("mutate")], act);
    expect(grown).toBe(1);
    expect(times).toBe(all);
  });
});

describe("POST /secret is counted by the decision:", () => {
  const asked = (labels: Labels) => requests({ route: "secret", ...labels });

  test("allowed", async () => {
    const pod = await startPod(world.kubernetes);
    const names = [asked({ outcome: "allowed", code: "" }), asked({}), timed("secret")] as const;
    expect(await growth(names, () => askAs(pod))).toEqual([1, 1, 1]);
  });

  test("denied", async () => {
    const [one, other] = [await startPod(world.kubernetes), await startPod(world.kubernetes)];
    const token = await ownToken(world.kubernetes, one);
    const names = [asked({ outcome: "denied", code: "not_allowed" }), asked({})] as const;
    expect(await growth(names, () => askSecret(token, requestOf(other)))).toEqual([1, 1]);
  });

  test("denied without a token", async () => {
    const names = [asked({ outcome: "denied", code: "token_missing" }), asked({})] as const;
    expect(await growth(names, () => askSecret(undefined, {}))).toEqual([1, 1]);
  });

  test("failed, with the code", async () => {
    const pod = await startPod(world.kubernetes, { annotations: { "aws-secret-name": "shop/none" } });
    const names = [asked({ outcome: "failed", code: "secret_not_found" }), asked({})] as const;
    expect(await growth(names, () => askAs(pod))).toEqual([1, 1]);
  });
});

test("probes and what is no route are counted as such", async () => {
  const get = (path: string) => fetch(world.url + path, { tls: { ca: world.authority.pem } });
  const names = [requests({ route: "probe" }), requests({ route: "other" }), requests({})] as const;
  expect(await growth(names, () => Promise.all(["/readyz", "/livez", "/no"].map(get)))).toEqual([2, 1, 3]);
});

test("a request under way is seen as that", async () => {
  const pod = await startPod(world.kubernetes);
  const path = new RegExp(`/pods/${pod.name}\\b`);
  const { promise, resolve } = Promise.withResolvers<void>();
  world.kubernetes.failNext({ path, status: 404, times: 2, until: promise });
  const inFlight = async () =>
    (await scrape(world.webhook)).value("piggy_requests_in_flight", { route: "secret" });
  const asking = askAs(pod);
  await until(async () => (await inFlight()) === 1);
  resolve();
  expect(await asking).toBe(403);
  expect(await inFlight()).toBe(0);
});

test("calls to the API server are counted by kind and outcome, and timed", async () => {
  const pod = await startPod(world.kubernetes);
  const call = (kind: string, outcome: string) =>
    ["piggy_kubernetes_requests_total", { kind, outcome }] as const;
  const duration = ["piggy_kubernetes_request_duration_seconds_count", { kind: "tokenreviews" }] as const;
  const names = [call("tokenreviews", "ok"), call("pods", "ok"), duration] as const;
  expect(await growth(names, () => askAs(pod))).toEqual([1, 1, 1]);
  const from = { configMapRef: { name: "absent" } };
  const unseen = () => mutate(world, podWith({ envFrom: [from] }));
  expect(await growth([call("configmaps", "not_found")], unseen)).toEqual([1]);
  world.kubernetes.failNext({ path: /tokenreviews/, status: 503, times: 1 });
  expect(await growth([call("tokenreviews", "unavailable")], () => askAs(pod))).toEqual([1]);
});

test("look-ups of images are counted by whether the registry was asked", async () => {
  const image = `${world.registry.host}/team/app:1`;
  const looked = (source: string) => ["piggy_image_lookups_total", { source, outcome: "found" }] as const;
  const inject = () => mutate(world, podWith({ image, command: [], imagePullPolicy: "IfNotPresent" }));
  expect(await growth([looked("asked"), looked("cached")], inject)).toEqual([1, 0]);
  expect(await growth([looked("asked"), looked("cached")], inject)).toEqual([0, 1]);
});

describe("nothing that a caller can choose", () => {
  const MARK = "evil-";
  const TIMES = 250;
  let made = 0;
  /** A name of which none was there before. */
  const fresh = () => {
    made += 1;
    return `${MARK}${made}`;
  };

  const attacks: readonly (() => Promise<unknown>)[] = [
    () => fetch(`${world.url}/${fresh()}?x=${fresh()}`, { tls: { ca: world.authority.pem } }),
    () => fetch(`${world.url}/mutate`, { method: "PUT", tls: { ca: world.authority.pem } }),
    () =>
      post(world, JSON.stringify(reviewOf(podWith({ name: fresh() }), { namespace: fresh(), uid: fresh() }))),
    () =>
      post(
        world,
        JSON.stringify(reviewOf({}, { operation: fresh(), kind: { group: fresh(), kind: fresh() } })),
      ),
    () => post(world, JSON.stringify({ kind: fresh(), apiVersion: fresh() })),
    () => mutate(world, podWith({ image: `${world.registry.host}/${fresh()}:1`, command: [] })),
    () => mutate(world, podWith({ image: `https://${fresh()}`, command: [] })),
    () =>
      mutate(
        world,
        podWith({ envFrom: [{ configMapRef: { name: fresh() } }, { secretRef: { name: fresh() } }] }),
      ),
    () =>
      askSecret(fresh(), { resources: fresh(), name: fresh(), uid: fresh() }, { "X-Request-Id": fresh() }),
    () => askSecret(undefined, {}, { "X-Request-Id": fresh() }),
    async () => {
      const annotations = { "aws-secret-name": fresh(), "aws-region": `eu-${"w".repeat(made % 20)}est-1` };
      await askAs(await startPod(world.kubernetes, { annotations, serviceAccount: fresh() }));
    },
  ];
  const once = () => Promise.all(attacks.map((attack) => attack()));
  const seriesOf = ({ samples }: Scrape) =>
    samples.map(({ name, labels }) => JSON.stringify([name, labels])).sort();

  test("makes a series, or stands in one", async () => {
    await once();
    const before = await scrape(world.webhook);
    for (let times = 0; times < TIMES; times += 1) await once();
    const after = await scrape(world.webhook);
    expect(seriesOf(after)).toEqual(seriesOf(before));
    expect(after.text).not.toContain(MARK);
    expect(after.value("piggy_requests_total")).toBeGreaterThan(TIMES * attacks.length);
  });
});
