import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyPatch } from "rfc6902";
import { isJsonObject } from "../../lib/json.ts";
import { containerWith, podWith } from "../admission/mutation.ts";
import malformed from "../vectors/malformed-pods.json";
import { accountOf, accountsOf, runExplain, SERVER } from "./explaining.ts";

setDefaultTimeout(120_000);

const SECRET_TEXT = "correct-horse-battery";

describe("without a cluster and a registry", () => {
  test("a container with references is wrapped, and each reference told with where it is from", async () => {
    const account = await accountOf(
      podWith({
        args: ["serve"],
        env: [
          { name: "PASSWORD", value: "piggy:PASSWORD" },
          { name: "URL", value: `https://u:\${piggy:TOKEN}@host/\${piggy:PATH:-x}` },
          { name: "MODE", value: "fast" },
        ],
      }),
      { args: ["--offline", "--set", "AWS_REGION=eu-west-1"] },
    );
    expect(account).toMatchObject({ allowed: true, message: null, warnings: [] });
    expect(account.containers).toEqual([
      {
        name: "main",
        kind: "container",
        action: "wrap",
        reason: "it holds references",
        references: [
          { variable: "PASSWORD", keys: ["PASSWORD"], from: "env" },
          { variable: "URL", keys: ["TOKEN", "PATH"], from: "env" },
        ],
        store: {
          service: "Secrets Manager",
          name: "shop/api-secret",
          version: "AWSCURRENT",
          region: "eu-west-1",
          mode: "proxy",
        },
        command: { from: "command", argv: ["/app", "serve"] },
      },
    ]);
  });

  test("the patch makes of the Pod that came the one that is shown, by another's reckoning", async () => {
    const manifest = podWith();
    const { patch, pod } = await accountOf(manifest);
    const patched = structuredClone(manifest);
    expect(applyPatch(patched, [...patch])).toEqual(patch.map(() => null));
    expect<object>(patched).toEqual(pod);
  });

  test("a ConfigMap that nobody looked up is said to be that, and treated as if it held references", async () => {
    const account = await accountOf(podWith({ env: [], envFrom: [{ configMapRef: { name: "settings" } }] }));
    expect(account.containers).toMatchObject([
      {
        action: "wrap",
        reason: "ConfigMap settings was not looked up: treated as if it held references",
        references: [],
      },
    ]);
    expect(account.unknown).toContain("ConfigMap shop/settings was not looked up");
  });

  test("nodes that nobody looked at matter where they decide how the injector gets into the Pod", async () => {
    const told = "whether the nodes mount images was not looked up";
    const unknownWith = async (delivery: string) => {
      const args = ["--offline", "--set", `PIGGY_DELIVERY=${delivery}`];
      return (await accountOf(podWith(), { args })).unknown.filter((each) => each.startsWith(told));
    };
    expect(await unknownWith("auto")).toHaveLength(1);
    expect(await unknownWith("image")).toEqual([]);
    expect(await unknownWith("init")).toEqual([]);
  });

  test("an image that nobody asked is a placeholder, and so is the signature of what it runs", async () => {
    const account = await accountOf(podWith({ command: undefined, args: ["serve"] }));
    expect(account.allowed).toBe(true);
    expect(account.containers).toMatchObject([{ command: { from: "image, not looked up", argv: null } }]);
    expect(account.unknown[0]).toStartWith("what container main runs was not looked up");
    expect(account.pod).toMatchObject({
      metadata: {
        annotations: { "piggysec.com/piggy-uid": '{"00000000000000000000000000000001":"<signature>"}' },
      },
      spec: { containers: [{ args: ["--", "<ENTRYPOINT of registry.example.com/app:1>", "serve"] }] },
    });
  });

  test("ConfigMaps and Secrets beside the Pod are what it will find", async () => {
    const settings = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "shop" },
    };
    const creds = { apiVersion: "v1", kind: "Secret", metadata: { name: "creds", namespace: "shop" } };
    const other = { ...settings, metadata: { name: "settings", namespace: "tools" } };
    const documents = [
      podWith({
        env: [{ name: "A", valueFrom: { secretKeyRef: { name: "creds", key: "a" } } }],
        envFrom: [{ prefix: "P_", configMapRef: { name: "settings" } }],
      }),
      { ...settings, data: { TOKEN: "piggy:TOKEN", MODE: "fast" } },
      { ...other, data: { TOKEN: "plain" } },
      { ...creds, data: { a: btoa("plain") }, stringData: { a: "piggy:A" } },
    ];
    const account = await accountOf(documents.map((each) => JSON.stringify(each)).join("\n---\n"));
    expect(account.containers[0]?.references).toEqual([
      {
        variable: "P_TOKEN",
        keys: ["TOKEN"],
        from: "envFrom ConfigMap settings, key TOKEN (standard input:3)",
      },
      { variable: "A", keys: ["A"], from: "valueFrom Secret creds, key a (standard input:7)" },
    ]);
  });

  test("no text of a Secret is printed, whatever mentions it", async () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "creds", namespace: "shop" },
      stringData: { dsn: `pg://${SECRET_TEXT}:\${piggy:PASSWORD:-${SECRET_TEXT}}@db`, plain: SECRET_TEXT },
    };
    const pod = podWith({
      env: [
        { name: "DSN", valueFrom: { secretKeyRef: { name: "creds", key: "dsn" } } },
        { name: "PLAIN", valueFrom: { secretKeyRef: { name: "creds", key: "plain" } } },
        { name: "ONCE", value: "$(DSN)?ssl" },
        { name: "TWICE", value: "$(ONCE)&x" },
      ],
    });
    const input = `${JSON.stringify(secret)}\n---\n${JSON.stringify(pod)}`;
    for (const form of [["--json"], []]) {
      const { stdout, stderr, exitCode } = await runExplain(["--offline", ...form, "-"], input);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("PASSWORD");
      expect(stdout + stderr).not.toContain(SECRET_TEXT);
    }
  });

  test("a store entry of its own is told as one", async () => {
    const pod = podWith({ env: [{ name: "CA", value: "piggy://sm/shop/ca#/pem" }] });
    expect((await accountOf(pod)).containers[0]?.references).toMatchObject([{ keys: ["//sm/shop/ca#/pem"] }]);
    const { stdout } = await runExplain(["--offline", "-"], pod);
    expect(stdout).toContain("    CA: piggy://sm/shop/ca#/pem\n");
  });

  test("a copy of an annotation is told as one", async () => {
    const fieldPath = "metadata.annotations['shop/dsn']";
    const env = [{ name: "DSN", valueFrom: { fieldRef: { fieldPath } } }];
    const account = await accountOf(podWith({ env }, { annotations: { "shop/dsn": "piggy:DSN" } }));
    expect(account.containers[0]?.references).toEqual([
      { variable: "DSN", keys: ["DSN"], from: "annotation shop/dsn" },
    ]);
  });

  test("two runs say the same", async () => {
    const [one, other] = await Promise.all([1, 2].map(() => runExplain(["--offline", "-"], podWith())));
    expect(one?.stdout).toBe(other?.stdout ?? "");
    expect(one?.stdout).toContain("00000000000000000000000000000001");
  });
});

describe("why not", () => {
  test("a Pod that asks for nothing", async () => {
    const account = await accountOf(podWith({}, { metadata: { annotations: {} } }));
    expect(account).toMatchObject({ allowed: true, patch: [] });
    expect(account.containers).toMatchObject([
      { action: "leave", reason: "the Pod is not looked at: its references stay text" },
    ]);
    expect(account.notes).toEqual([
      "the Pod is not looked at: it has none of the annotations piggysec.com/aws-secret-name, " +
        "piggysec.com/aws-ssm-parameter-path, piggysec.com/piggy-address",
    ]);
  });

  test("containers without references, and left out by name", async () => {
    const containers = [
      containerWith(),
      containerWith({ name: "plain", env: [] }),
      containerWith({ name: "out" }),
    ];
    const annotations = { "piggysec.com/piggy-skip-containers": "out" };
    const account = await accountOf(podWith({}, { annotations, spec: { containers } }));
    expect(account.containers.map(({ action, reason }) => [action, reason])).toEqual([
      ["wrap", "it holds references"],
      ["leave", "it holds no references"],
      ["leave", "left out by piggysec.com/piggy-skip-containers: its references stay text"],
    ]);
    expect(account.warnings).toEqual([
      "piggy: piggysec.com/piggy-skip-containers leaves out container out: its references stay text",
    ]);
  });

  test("a mirror Pod", async () => {
    const annotations = { "kubernetes.io/config.mirror": "x" };
    const account = await accountOf(podWith({}, { annotations }));
    expect(account).toMatchObject({ allowed: true, patch: [], containers: [{ action: "leave" }] });
  });

  test("one Pod that is denied makes the exit code 1, and the others are told all the same", async () => {
    const denied = podWith({}, { annotations: { "piggysec.com/aws-region": "nowhere" } });
    const input = [podWith(), denied].map((each) => JSON.stringify(each)).join("\n---\n");
    const { exitCode, stdout } = await runExplain(["--offline", "-"], input);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("Pod shop/api (standard input:1): admitted, 1 of 1 containers wrapped");
    expect(stdout).toContain("Pod shop/api (standard input:3): DENIED");
    expect(stdout).toContain('  piggy: "nowhere" is not an AWS region');
  });
});

test("a Pod that is none is denied in words, and nothing else of it told", async () => {
  const asking = { "piggysec.com/aws-secret-name": "x" };
  const pods = malformed.flatMap(({ pod, at, problem }) => {
    if (!isJsonObject(pod) || at === "Pod" || at.startsWith("metadata")) return [];
    return [{ ...pod, apiVersion: "v1", kind: "Pod", metadata: { annotations: asking }, at, problem }];
  });
  const accounts = await accountsOf({ apiVersion: "v1", kind: "List", items: pods });
  expect(pods.length).toBeGreaterThan(10);
  expect(accounts.map(({ message }) => message)).toEqual(
    pods.map(({ at, problem }) => `piggy: ${at} ${problem}`),
  );
  expect(accounts.every(({ allowed, patch }) => !allowed && patch.length === 0)).toBe(true);
});

describe("the defaults of the webhook", () => {
  test("are this environment's, or what --set says over it, and are said", async () => {
    const environment = { AWS_REGION: "eu-west-1", PIGGY_ENV_IMAGE: "mirror.example.com/piggy-env:2.0.0" };
    const args = ["--offline", "--set", "AWS_REGION=eu-central-1", "--webhook-namespace", "security"];
    const account = await accountOf(podWith(), { environment, args });
    expect(account.containers[0]?.store).toMatchObject({ region: "eu-central-1" });
    expect(account.assumed).toEqual([
      "PIGGY_ENV_IMAGE=mirror.example.com/piggy-env:2.0.0, from this environment",
    ]);
    expect(JSON.stringify(account.pod)).toContain("https://piggy-webhooks.security.svc");
  });

  test("that nobody gave are assumed, and are said", async () => {
    const { assumed, warnings } = await accountOf(podWith());
    expect(assumed).toEqual([
      expect.stringMatching(/^PIGGY_ENV_IMAGE=piggysec\/piggy-env:\d/),
      "piggy-webhooks is the Service piggy-webhooks of namespace piggy-webhooks (--webhook-namespace)",
    ]);
    expect(warnings).toEqual([]);
  });

  test("an image that was only assumed does not judge the one of the Pod", async () => {
    const annotations = { "piggysec.com/piggy-env-image": "mirror.example.com/piggy-env:2.0.0" };
    expect(await accountOf(podWith({}, { annotations }))).toMatchObject({ warnings: [] });
  });
});

describe("on a terminal", () => {
  /** Whatever a terminal is sent. */
  async function shownWith(environment: Readonly<Record<string, string>>): Promise<string> {
    const shown: string[] = [];
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const file = join(directory, "pod.json");
    await writeFile(file, JSON.stringify(podWith()));
    const child = Bun.spawn([process.execPath, SERVER, "explain", "--offline", file], {
      env: { HOME: "/nonexistent", ...environment },
      terminal: {
        data: (_, bytes) => void shown.push(Buffer.from(bytes).toString()),
        exit: () => close(),
      },
    });
    expect(await child.exited).toBe(0);
    await closed;
    return shown.join("");
  }

  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "piggy-terminal-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("added lines are green, and nothing is where NO_COLOR is set", async () => {
    expect(await shownWith({})).toContain("\x1b[32m+        - name: PIGGY_UID\x1b[0m");
    const plain = await shownWith({ NO_COLOR: "1" });
    expect(plain).toContain("+        - name: PIGGY_UID");
    expect(plain).not.toContain("\x1b[3");
  });
});
