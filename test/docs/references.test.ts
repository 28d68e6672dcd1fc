/** docs/references.md: each example, as it stands there, in a Pod from its admission to its application. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { parseAllDocuments } from "yaml";
import type { ContainerRun } from "../fakes/kubelet.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { type MountingWorld, startMountingWorld } from "../injector/mounting.ts";
import { onlyLine } from "../injector/piggy-env.ts";
import type { World } from "../support/world.ts";
import { codeIn, readSections, type Section, type Table } from "./markdown.ts";

setDefaultTimeout(60_000);

const NAMESPACE = "shop";
const sections = await readSections("docs/references.md");

function section(title: string): Section {
  const found = sections.find((each) => each.title === title);
  if (found === undefined) throw new Error(`the page has no section ${title}`);
  return found;
}

/** The tables with this column, and the section that each stands in. */
function tablesWith(column: string): readonly (readonly [title: string, table: Table])[] {
  return sections.flatMap(({ title, tables }) =>
    tables.filter(({ head }) => head.includes(column)).map((table) => [title, table] as const),
  );
}

let world: MountingWorld;
beforeAll(async () => {
  world = await startMountingWorld();
  for (const [, { rows }] of tablesWith("Secret")) for (const row of rows) putSecret(world, row);
  for (const [, { rows }] of tablesWith("Parameter")) for (const row of rows) putParameter(world, row);
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: NAMESPACE, name: "default" },
  });
});
afterAll(() => world.stop());

function putSecret({ aws }: World, [name, region, version = "", holds = ""]: readonly string[]): void {
  const secret = { region: codeIn(region), name: codeIn(name) };
  const text = codeIn(holds);
  const value = holds.startsWith("bytes") ? Uint8Array.fromHex(text.replaceAll(" ", "")) : text;
  aws.putSecret({ ...secret, value, ...(version.startsWith("`") ? { versionId: codeIn(version) } : {}) });
  if (version === "marked for deletion") aws.deleteSecret(secret);
}

function putParameter({ aws }: World, [name, region, version = "", holds = ""]: readonly string[]): void {
  const parameter = { region: codeIn(region), name: codeIn(name) };
  const type = (["String", "StringList", "SecureString"] as const).find((each) =>
    holds.startsWith(`${each} `),
  );
  if (type === undefined) throw new Error(`not a parameter's type: ${holds}`);
  const put = aws.putParameter({ ...parameter, value: codeIn(holds), type });
  if (version.includes("labelled"))
    aws.labelParameter({ ...parameter, version: put.version, label: codeIn(version) });
}

const annotationsOf = (title: string): Readonly<Record<string, string>> => ({
  ...(title === "With a parameter path"
    ? { "piggysec.com/aws-ssm-parameter-path": "/shop/cart" }
    : { "piggysec.com/aws-secret-name": "shop/cart" }),
  "piggysec.com/aws-region": "eu-west-1",
});

/** The Pod's one container, as far as it got. */
type Start = { readonly denied: string } | { readonly run: ContainerRun };

async function start(title: string, env: readonly object[]): Promise<Start> {
  return startPod({
    metadata: { annotations: annotationsOf(title) },
    spec: { containers: [{ name: "app", image: "app", command: [world.program], env }] },
  });
}

/** Nothing that failed is waited for. */
const QUICK = { "piggysec.com/piggy-deadline": "0s" };

interface Manifest {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: object;
}

async function startPod(pod: Manifest): Promise<Start> {
  const admitted = await world.admit({
    metadata: {
      namespace: NAMESPACE,
      generateName: "cart-",
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, ...QUICK },
    },
    spec: { serviceAccountName: "default", ...pod.spec },
  });
  return "denied" in admitted ? admitted : { run: await admitted.run() };
}

function foundBy(begun: Start): (name: string) => string | undefined {
  if ("denied" in begun) throw new Error(begun.denied);
  expect(begun.run).toMatchObject({ exitCode: 0, stderr: "" });
  return parseProbe(begun.run.stdout).variable;
}

const resolved = tablesWith("The application finds");
const refused = tablesWith("Refused").flatMap(([title, { rows }]) =>
  rows.map(([value, code]) => [codeIn(value), codeIn(code), title] as const),
);

test("there are examples of each kind", () => {
  expect(resolved.map(([title]) => title)).toEqual([
    "A key of the Pod's secret",
    "With a parameter path",
    "A secret of its own",
    "A parameter of its own",
  ]);
  expect(refused.length).toBeGreaterThan(10);
});

describe.each(resolved)("%s", (title, { rows }) => {
  test.each(rows.map(([value, found = ""]) => [codeIn(value), found] as const))(
    "%s is %s",
    async (value, found) => {
      const variable = foundBy(await start(title, [{ name: "EXAMPLE", value }]));
      expect(variable("EXAMPLE")).toBe(found === "*nothing*" ? "" : codeIn(found));
    },
  );
});

test("a line break at the end is no part of the key", async () => {
  const env = [{ name: "EXAMPLE", value: "piggy:DB_PASSWORD\n" }];
  expect(foundBy(await start("", env))("EXAMPLE")).toBe("s3cret");
});

test.each(refused)("%s is refused: %s", async (value, code, title) => {
  const begun = await start(title, [{ name: "EXAMPLE", value }]);
  const isInvalid = code === "reference_invalid";
  expect("denied" in begun).toBe(isInvalid);
  if ("denied" in begun) expect(begun.denied).toContain("EXAMPLE");
  else {
    expect(begun.run).toMatchObject({ exitCode: 125, stdout: "" });
    expect(onlyLineOf(begun.run)).toMatchObject({ code });
  }
});

function onlyLineOf({ stderr }: ContainerRun) {
  const log = () =>
    stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  return onlyLine({ stderr, log });
}

test("the manifests start with what stands below them", async () => {
  const { blocks } = section("From ConfigMaps, Secrets and fields of the Pod");
  const [manifests, expected] = blocks;
  const objects = parseAllDocuments(manifests?.text ?? "").map((document) => document.toJS());
  const pod = objects.pop();
  for (const { metadata, ...object } of objects) {
    world.kubernetes.add({ ...object, metadata: { ...metadata, namespace: NAMESPACE } });
  }
  const [container] = pod.spec.containers;
  const containers = [{ ...container, command: [world.program] }];
  const variable = foundBy(await startPod({ metadata: pod.metadata, spec: { ...pod.spec, containers } }));
  const lines = expected?.text.trimEnd().split("\n") ?? [];
  expect(lines.length).toBeGreaterThan(3);
  const found = lines.map((line) => line.split("=")[0] ?? "").map((name) => `${name}=${variable(name)}`);
  expect(found).toEqual(lines);
});
