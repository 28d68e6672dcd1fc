/** What Helm makes of the chart, without a cluster. */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { helmProgram, kubeconformProgram } from "../../scripts/cluster/helm.ts";
import { schemaLocation } from "../../scripts/cluster/schemas.ts";
import { anyObject, type JsonObject, number, object, string } from "../fakes/kubernetes/schema.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";
import { CHART, outputOf } from "./helm.ts";

export interface Rendered extends JsonObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Of the operator's own, where no cluster is there to look it up in. */
export const CERTIFICATE = {
  mode: "secret",
  secretName: "certificate",
  caBundle: "-----BEGIN CERTIFICATE-----\n",
} as const;

const RELEASE = ["piggy-webhooks", CHART, "--namespace", "piggy-webhooks"];

/** Runs one of Helm's commands over the chart with these values. */
export async function helm(command: string, values: object, ...options: readonly string[]): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "piggy-rendering-"));
  try {
    const file = join(folder, "values.json");
    await writeFile(file, JSON.stringify(values));
    const subject = command === "lint" ? [CHART] : RELEASE;
    const argv = [await helmProgram(), command, ...subject, "--values", file, ...options];
    return await runPlainly(argv, { HOME: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The manifests, as text. @throws Error with what Helm says against the values */
export async function template(values: object = {}, ...options: readonly string[]): Promise<string> {
  return outputOf(await helm("template", values, ...options));
}

/** The manifests of a chart that depends on this one where `piggy-webhooks.enabled` says so. @param values of this one, in that one's */
export async function templateAsPart(values: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "piggy-rendering-"));
  try {
    const dependency = { name: "piggy-webhooks", version: "*", condition: "piggy-webhooks.enabled" };
    const chart = { apiVersion: "v2", name: "platform", version: "1.0.0", dependencies: [dependency] };
    await writeFile(join(folder, "Chart.yaml"), JSON.stringify(chart));
    await writeFile(join(folder, "values.yaml"), JSON.stringify({ global: {}, "piggy-webhooks": values }));
    await cp(CHART, join(folder, "charts/piggy-webhooks"), { recursive: true });
    const argv = [await helmProgram(), "template", "platform", folder];
    return outputOf(await runPlainly(argv, { HOME: folder }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const parseHead = object({ kind: string, metadata: object({ name: string }, {}) }, {});

/** The objects of a kind; those that `helm test` alone makes are not among them, unless that is asked for. */
export async function rendered(
  kind: string,
  values: object = {},
  of: "the release" | "the release and its test" = "the release",
): Promise<readonly Rendered[]> {
  const options = of === "the release" ? ["--skip-tests"] : [];
  return (await objectsOf(values, options)).filter((each) => each.kind === kind);
}

/** The hooks' too. */
async function objectsOf(values: object, options: readonly string[] = []): Promise<readonly Rendered[]> {
  return parseAllDocuments(await template(values, ...options)).flatMap((document) => {
    const content: unknown = document.toJS();
    return content === null ? [] : [{ ...anyObject(content, "manifest"), ...parseHead(content, "manifest") }];
  });
}

export interface RenderedPod {
  readonly kind: string;
  readonly name: string;
  readonly spec: JsonObject;
}

const podTemplate = object({ spec: anyObject }, {});
const parseWorkload = object({}, { spec: object({}, { template: podTemplate }) });

/** The Pods, and what Pods are made by, of whatever kind. */
export async function renderedPods(values: object): Promise<readonly RenderedPod[]> {
  return (await objectsOf(values)).flatMap((each) => {
    const { kind, metadata } = each;
    const spec =
      kind === "Pod" ? anyObject(each["spec"], kind) : parseWorkload(each, kind).spec?.template?.spec;
    return spec === undefined ? [] : [{ kind, name: metadata.name, spec }];
  });
}

/** Of a Deployment whose Pods are like this, as far as is said. */
export const podSpec = (spec: object) => ({ spec: { template: { spec } } });

/** Of operators that bring the schema along themselves. */
const FOREIGN = "Certificate,Issuer,ServiceMonitor,PrometheusRule";

const parseVerdict = object({ summary: object({ valid: number }, {}) }, {});

/** Holds manifests against the schemas of a version of Kubernetes. @throws Error with what is wrong in them, or when it knows none of them */
export async function conform(manifests: string, version: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "piggy-rendering-"));
  try {
    const file = join(folder, "manifests.yaml");
    await writeFile(file, manifests);
    const options = [
      "-strict",
      "-summary",
      "-output",
      "json",
      "-skip",
      FOREIGN,
      "-kubernetes-version",
      version,
    ];
    const schemas = ["-schema-location", await schemaLocation()];
    const argv = [await kubeconformProgram(), ...options, ...schemas, file];
    const { summary } = parseVerdict(
      JSON.parse(outputOf(await runPlainly(argv, { HOME: folder }))),
      "verdict",
    );
    if (summary.valid === 0) throw new Error("no manifest was held against a schema");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
