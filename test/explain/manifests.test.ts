import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { formatYaml, parseYaml } from "../../lib/yaml.ts";
import { containerWith, podWith } from "../admission/mutation.ts";
import { accountOf, accountsOf, runExplain } from "./explaining.ts";

setDefaultTimeout(60_000);

const annotations = { "piggysec.com/aws-secret-name": "shop/api-secret" };
const template = { metadata: { annotations }, spec: { containers: [containerWith()] } };
const metadata = { name: "api", namespace: "shop" };

describe("what makes Pods", () => {
  test.each([
    ["Deployment", { template }],
    ["StatefulSet", { template }],
    ["DaemonSet", { template }],
    ["ReplicaSet", { template }],
    ["ReplicationController", { template }],
    ["Job", { template }],
    ["CronJob", { jobTemplate: { spec: { template } } }],
  ])("%s", async (kind, spec) => {
    const account = await accountOf({ apiVersion: "apps/v1", kind, metadata, spec });
    expect(account).toMatchObject({
      source: "standard input:1",
      kind,
      namespace: "shop",
      name: "api",
      allowed: true,
      containers: [{ name: "main", action: "wrap" }],
      notes: [],
    });
    expect(account.pod).toMatchObject({ kind: "Pod", metadata: { generateName: "api-", namespace: "shop" } });
  });

  test("a kind of another project, by its shape, which is said", async () => {
    const rollout = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata, spec: { template } };
    const account = await accountOf(rollout);
    expect(account.containers).toMatchObject([{ name: "main", action: "wrap" }]);
    expect(account.notes).toEqual([
      "Rollout is no kind of Kubernetes' own: its Pod is read from spec.template, by its shape",
    ]);
  });

  test("a List's items, and several documents, each by where it stands", async () => {
    const list = { apiVersion: "v1", kind: "List", items: [podWith(), podWith()] };
    const text = `# two\n---\n---\n${JSON.stringify(podWith())}\n---\n${JSON.stringify(list)}`;
    const accounts = await accountsOf(text);
    expect(accounts.map(({ source }) => source)).toEqual([
      "standard input:4",
      "standard input:6, items[0]",
      "standard input:6, items[1]",
    ]);
  });

  test("JSON, however it is indented", async () => {
    const { stdout } = await runExplain(["--offline", "-"], JSON.stringify(podWith(), null, "\t"));
    expect(stdout).toStartWith("Pod shop/api (standard input:1): admitted");
  });

  test("an object without a namespace is of the one that is named", async () => {
    const pod = podWith({}, { metadata: { name: "api", namespace: undefined } });
    expect(await accountOf(pod)).toMatchObject({ namespace: "default" });
    expect(await accountOf(pod, { args: ["--offline", "-n", "tools"] })).toMatchObject({
      namespace: "tools",
    });
  });
});

describe("YAML is read as kubectl reads it", () => {
  const podText = (env: string, more = "") => `
apiVersion: v1
kind: Pod
metadata: { name: api, annotations: { piggysec.com/aws-secret-name: x } }
spec:
  ${more}
  containers:
    - name: main
      image: app
      command: [/app]
      env: ${env}
`;

  test("a word that YAML 1.1 takes for a boolean is no text, and the API server would say so", async () => {
    const account = await accountOf(podText("[{ name: A, value: piggy:A }, { name: B, value: yes }]"));
    expect(account).toMatchObject({ allowed: false, containers: [] });
    expect(account.message).toBe("piggy: spec.containers[0].env[1].value is not a string");
  });

  test("0644 is octal", async () => {
    const account = await accountOf(
      podText(
        "[{ name: A, value: piggy:A }]",
        "volumes: [{ name: v, configMap: { name: c, defaultMode: 0644 } }]",
      ),
    );
    expect(account.pod).toMatchObject({
      spec: { volumes: [{ configMap: { defaultMode: 0o644 } }, { name: "piggy-env" }, {}] },
    });
  });

  test.each([
    ["0o17", 15],
    ["-0O17", -15],
    ["0X1f", 31],
    ["0B11", 3],
    ["1_0.5", 10.5],
    ["0b_", "0b_"],
    ["3e800", "3e800"],
  ])("%s", (text, value) => {
    expect(parseYaml(`a: ${text}\n`, "text", "manifest_invalid")[0]?.value).toEqual({ a: value });
    const written = formatYaml({ a: text });
    expect(parseYaml(written, "text", "manifest_invalid")[0]?.value).toEqual({ a: text });
  });

  test("anchors and merge keys", async () => {
    const account = await accountOf(
      podText("[*a, { <<: *a, name: B }]", "x: &a { name: A, value: piggy:A }"),
    );
    expect(account.containers[0]?.references).toMatchObject([{ variable: "A" }, { variable: "B" }]);
  });
});

const bomb = (levels: number) => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < levels; level += 1) {
    const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ");
    lines.push(`a${level}: &a${level} [${aliases}]`);
  }
  return lines.join("\n");
};

describe("what is no manifest is refused with where and why, and exit code 2", () => {
  test.each([
    ["nothing", "", "no Pod, and nothing that makes Pods: there is nothing in it"],
    ["no YAML", "kind: Pod\nspec: [1, 2\n", "standard input, line 3: no YAML"],
    ["a value that is none, which is not told", "a: |    hush\n", "no YAML: Not a YAML token\n"],
    ["a tab", "kind: Pod\nspec:\n\ta: 1\n", "standard input, line 3: no YAML: Tabs"],
    [
      "a key twice",
      "kind: Pod\nspec:\n  a: 1\n  a: 2\n",
      'standard input, line 4: the key "a" is there twice',
    ],
    [
      "a template",
      "kind: Pod\nmetadata:\n  name: {{ .Values.name }}\n",
      "line 3: a key that is no text: a template",
    ],
    ["a key of nothing", "kind: Pod\n~: a\n", "line 2: a key that is no text"],
    ["no mapping", "- 1\n", "standard input:1: it is no Kubernetes manifest: no object"],
    ["no kind", "a: 1\n", "standard input:1: it is no Kubernetes manifest: no kind"],
    ["no apiVersion", "kind: Pod\n", "standard input:1: it is no Kubernetes manifest: no apiVersion"],
    [
      "a Deployment of nothing",
      "kind: Deployment\napiVersion: apps/v1\n",
      "without spec.template.spec.containers",
    ],
    [
      "no Pods",
      "kind: Service\napiVersion: v1\n",
      "no Pod, and nothing that makes Pods: there is only Service",
    ],
    ["an alias of nothing", "a: *b\n", "standard input, line 1: "],
    ["what holds itself", "a: &a\n  b: *a\n", "standard input, line 1: it nests deeper than 100"],
    ["aliases of aliases", bomb(8), "standard input, line 1: Excessive alias count"],
    ["depth", `a: ${"[".repeat(5_000)}${"]".repeat(5_000)}`, "standard input, line 1: "],
    ["infinity", "a: .inf\n", "standard input, line 1: Infinity is nothing that JSON can say"],
    ["too much", "#".repeat(4 * 1024 * 1024 + 1), "standard input: longer than 4194304 characters"],
  ])("%s", async (_, text, message) => {
    const { exitCode, stdout, stderr } = await runExplain(["--offline", "-"], text);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toStartWith("piggy-webhooks explain: ");
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test("a file that is not there", async () => {
    const { exitCode, stderr } = await runExplain(["--offline", "/nonexistent/pod.yaml"], "");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("cannot read /nonexistent/pod.yaml: ENOENT");
  });
});

describe("the command line", () => {
  test.each([
    [[], "no FILE is named"],
    [["--nonsense", "-"], "--nonsense"],
    [["-", "-"], "- is named twice"],
    [["--set", "AWS_REGION", "-"], "--set AWS_REGION: say NAME=VALUE"],
    [["--set", "PIGGY_NONE=1", "-"], "--set PIGGY_NONE: piggy-webhooks has no setting of that name"],
    [["--set", "PIGGY_UID={}", "-"], "--set PIGGY_UID: piggy-webhooks has no setting of that name"],
  ])("%p is refused", async (args, message) => {
    const { exitCode, stderr } = await runExplain(args, podWith());
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain("--help");
  });

  test("--help says how", async () => {
    const { exitCode, stdout } = await runExplain(["--help"], "");
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("usage: piggy-webhooks explain ");
    expect(stdout).toContain("--kubeconfig FILE");
  });
});
