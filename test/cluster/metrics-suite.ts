/** What the chart installs for whoever watches over piggy-webhooks. Part of `npm run test:cluster`, for Helm is built by it; it needs no cluster. */
import { describe, expect, test } from "bun:test";
import { podSpec, rendered } from "./rendering.ts";

describe("metrics", () => {
  const probes = (scheme: string, port: string) =>
    podSpec({
      containers: [
        { livenessProbe: { httpGet: { scheme, port } }, readinessProbe: { httpGet: { scheme, port } } },
      ],
    });
  const address = (value: string) =>
    podSpec({
      containers: [{ env: expect.arrayContaining([{ name: "PIGGY_METRICS_ADDRESS", value }]) }],
    });
  const METRICS = "piggy-webhooks-metrics";

  test("have a port of their own, which the probes come by, and a Service that is not to be seen outside", async () => {
    const metrics = { port: 9091 };
    for (const expected of [probes("HTTP", "metrics"), address(":9091")]) {
      expect(await rendered("Deployment", { metrics })).toMatchObject([expected]);
    }
    const services = await rendered("Service", { metrics, service: { type: "LoadBalancer" } });
    expect(services).toHaveLength(2);
    expect(services).toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name: METRICS }),
        spec: expect.objectContaining({
          clusterIP: "None",
          ports: [expect.objectContaining({ port: 9091 })],
        }),
      }),
    );
  });

  test("are for every Pod of the cluster, for some, or for none", async () => {
    const https = { ports: [{ port: 8443 }] };
    const of = (from: unknown) => ({ ports: [{ port: "metrics" }], from });
    const some = [{ podSelector: { matchLabels: { app: "prometheus" } } }];
    const ingressOf = async (values: object) => {
      const [policy] = await rendered("NetworkPolicy", values);
      return { ingress: [], ...Object(policy?.["spec"]) }.ingress;
    };
    expect(await ingressOf({})).toMatchObject([https, of([{ namespaceSelector: {} }])]);
    expect(await ingressOf({ metrics: { from: some } })).toMatchObject([https, of(some)]);
    expect(await ingressOf({ metrics: { from: [] } })).toHaveLength(1);
  });

  test("can be off", async () => {
    const values = { metrics: { enabled: false, serviceMonitor: { enabled: true } } };
    for (const expected of [probes("HTTPS", "https"), address("off")]) {
      expect(await rendered("Deployment", values)).toMatchObject([expected]);
    }
    expect(await rendered("Service", values)).toHaveLength(1);
    expect(await rendered("ServiceMonitor", values)).toEqual([]);
  });

  test.each(["ServiceMonitor", "PrometheusRule", "ConfigMap"])(
    "come with no %s that is not asked for",
    async (kind) => {
      expect(await rendered(kind)).toEqual([]);
    },
  );

  test("come with all of them where they are asked for, with the labels that they are found by", async () => {
    const wanted = { enabled: true, labels: { release: "prometheus" } };
    const metrics = { serviceMonitor: wanted, prometheusRule: wanted, dashboard: { enabled: true } };
    const [service] = (await rendered("Service", { metrics })).filter(
      ({ metadata }) => metadata.name === METRICS,
    );
    const [monitor] = await rendered("ServiceMonitor", { metrics });
    expect(monitor).toMatchObject({ metadata: { labels: wanted.labels } });
    const { matchLabels } = Object(monitor?.["spec"]).selector;
    expect(service).toMatchObject({ metadata: { labels: matchLabels } });
    expect(matchLabels).toMatchObject({ "app.kubernetes.io/component": "metrics" });
    expect(await rendered("PrometheusRule", { metrics })).toMatchObject([
      { metadata: { labels: wanted.labels }, spec: { groups: [{ rules: { length: 6 } }] } },
    ]);
    const [dashboard] = await rendered("ConfigMap", { metrics });
    expect(dashboard).toMatchObject({ metadata: { labels: { grafana_dashboard: "1" } } });
    const { "piggy-webhooks.json": json } = Object(dashboard?.["data"]);
    expect(JSON.parse(json)).toMatchObject({ title: "piggy-webhooks" });
  });
});
