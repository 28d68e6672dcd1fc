import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import { podWith } from "../admission/mutation.ts";
import { accountOf, runExplain } from "../explain/explaining.ts";
import { type KubeconfigParts, kubeconfigOf } from "../explain/kubeconfig.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { type KubernetesFake, startKubernetes } from "../fakes/kubernetes.ts";
import { startProxy } from "../fakes/proxy.ts";

setDefaultTimeout(60_000);

let kubernetes: KubernetesFake;
let directory: string;
let token: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-kubeconfig-"));
  kubernetes = await startKubernetes();
  kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: "shop", name: "reader" },
  });
  kubernetes.add({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "shop", name: "settings" },
    data: { TOKEN: "piggy:TOKEN" },
  });
  kubernetes.grant("shop:reader", { resource: "configmaps", verb: "get" });
  token = await kubernetes.token({ namespace: "shop", serviceAccount: "reader", expirationSeconds: 3600 });
});
afterAll(async () => {
  await kubernetes.stop();
  await rm(directory, { recursive: true });
});

const POD = podWith({ env: [], envFrom: [{ configMapRef: { name: "settings" } }] });

async function fileOf(name: string, content: string | KubeconfigParts): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, typeof content === "string" ? content : kubeconfigOf(kubernetes, content));
  return file;
}

/** What a look-up as the user of the kubeconfig found. */
async function found(files: string, args: readonly string[] = [], environment = {}) {
  const account = await accountOf(POD, { args, environment: { KUBECONFIG: files, ...environment } });
  return account.containers[0]?.references;
}

const SEEN = [{ variable: "TOKEN", keys: ["TOKEN"], from: "envFrom ConfigMap settings, key TOKEN" }];

describe("a token", () => {
  test("as it stands there", async () => {
    expect(await found(await fileOf("token", { user: { token } }))).toEqual(SEEN);
  });

  test("in a file beside, which counts before it", async () => {
    await writeFile(join(directory, "token.txt"), `${token}\n`);
    expect(await found(await fileOf("file", { user: { token: "old", tokenFile: "token.txt" } }))).toEqual(
      SEEN,
    );
  });
});

describe("the cluster's certificate", () => {
  test("by a CA in a file beside", async () => {
    await writeFile(join(directory, "ca.pem"), kubernetes.caPem);
    const cluster = { "certificate-authority-data": undefined, "certificate-authority": "ca.pem" };
    expect(await found(await fileOf("ca", { user: { token }, cluster }))).toEqual(SEEN);
  });

  test("is refused by another CA, and taken with insecure-skip-tls-verify", async () => {
    const other = btoa((await createCertificateAuthority()).pem);
    const wrong = await fileOf("other-ca", {
      user: { token },
      cluster: { "certificate-authority-data": other },
    });
    const { exitCode, stderr } = await runExplain(["--kubeconfig", wrong, "-"], POD);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("GET /version");
    const cluster = { "certificate-authority-data": undefined, "insecure-skip-tls-verify": true };
    expect(await found(await fileOf("insecure", { user: { token }, cluster }))).toEqual(SEEN);
  });

  test("is checked against tls-server-name", async () => {
    const cluster = { "tls-server-name": "another.example.com" };
    const wrong = await fileOf("server-name", { user: { token }, cluster });
    const { exitCode, stderr } = await runExplain(["--kubeconfig", wrong, "-"], POD);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  });
});

test("a client certificate is who we are", async () => {
  const clients = await createCertificateAuthority("clients");
  const servers = await createCertificateAuthority("servers");
  const { cert, key } = await servers.issue({ names: ["127.0.0.1"] });
  // Knows its clients by their certificates, and the API server knows it.
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key, ca: clients.pem, requestCert: true, rejectUnauthorized: true },
    fetch({ url, headers }) {
      const { pathname, search } = new URL(url);
      const target = `https://${kubernetes.host}:${kubernetes.port}${pathname}${search}`;
      const accept = headers.get("Accept") ?? "";
      const withToken = { Accept: accept, Authorization: `Bearer ${token}` };
      return fetch(target, { headers: withToken, tls: { ca: kubernetes.caPem } });
    },
  });
  try {
    const cluster = {
      server: `https://127.0.0.1:${front.port}`,
      "certificate-authority-data": btoa(servers.pem),
    };
    const client = await clients.issue({ names: ["reader"], usage: "client" });
    await writeFile(join(directory, "client.key"), client.key);
    const user = { "client-certificate-data": btoa(client.cert), "client-key": "client.key" };
    expect(await found(await fileOf("client", { cluster, user }))).toEqual(SEEN);
    const stranger = await fileOf("no-client", { cluster, user: {} });
    expect((await runExplain(["--kubeconfig", stranger, "-"], POD)).exitCode).toBe(2);
  } finally {
    await front.stop(true);
  }
});

test("proxy-url is the way there", async () => {
  const proxy = startProxy();
  try {
    expect(
      await found(await fileOf("proxied", { user: { token }, cluster: { "proxy-url": proxy.url } })),
    ).toEqual(SEEN);
    const target = `${kubernetes.host}:${kubernetes.port}`;
    expect(proxy.requests[0]).toEqual({ method: "CONNECT", target });
  } finally {
    await proxy.stop();
  }
});

describe("exec", () => {
  const V1 = "client.authentication.k8s.io/v1";

  /** A program that prints a credential, and leaves behind what it was told. */
  async function plugin(name: string, status: object, more = ""): Promise<string> {
    const file = join(directory, name);
    const credential = JSON.stringify({ kind: "ExecCredential", apiVersion: V1, status });
    const script = `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" > "$TOLD"\necho "$@" >> "$TOLD"\n${more}\ncat <<'END'\n${credential}\nEND\n`;
    await writeFile(file, script);
    await chmod(file, 0o755);
    return file;
  }

  const execOf = (exec: object) => ({ exec: { apiVersion: V1, interactiveMode: "IfAvailable", ...exec } });

  test("gives a token, and is told what it may want to know", async () => {
    const told = join(directory, "told");
    await plugin("get-token", { token, expirationTimestamp: new Date(Date.now() + 60_000).toISOString() });
    const user = execOf({
      command: "./get-token",
      args: ["--cluster", "dev"],
      env: [{ name: "TOLD", value: told }],
      provideClusterInfo: true,
    });
    expect(await found(await fileOf("exec", { user }))).toEqual(SEEN);
    const [info = "", args] = (await Bun.file(told).text()).split("\n");
    expect(JSON.parse(info)).toEqual({
      kind: "ExecCredential",
      apiVersion: V1,
      spec: {
        interactive: false,
        cluster: {
          server: `https://${kubernetes.host}:${kubernetes.port}`,
          "certificate-authority-data": btoa(kubernetes.caPem),
        },
      },
    });
    expect(args).toBe("--cluster dev");
  });

  test("is run again for a token that was refused", async () => {
    const runs = join(directory, "runs");
    const old = `if [ ! -f ${runs} ]; then echo run > ${runs}; echo '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"old"}}'; exit; fi`;
    await plugin("renewing", { token }, old);
    const user = execOf({ command: "./renewing", env: [{ name: "TOLD", value: "/dev/null" }] });
    expect(await found(await fileOf("renewing-config", { user }))).toEqual(SEEN);
  });

  test.each([
    ["absent", { command: "no-such-plugin", installHint: "get it there" }, "no-such-plugin does not start: "],
    ["absent", { command: "no-such-plugin", installHint: "get it there" }, ": get it there"],
    ["failing", { command: "sh", args: ["-c", "exit 3"] }, "sh ended with exit code 3"],
    ["talking", { command: "sh", args: ["-c", "echo hunter2"] }, "sh printed no ExecCredential"],
    [
      "of another version",
      { command: "sh", args: ["-c", `echo '{"kind":"ExecCredential","apiVersion":"x/v1","status":{}}'`] },
      `sh printed an ExecCredential of another version than ${V1}`,
    ],
    [
      "without a token",
      { command: "sh", args: ["-c", `echo '{"kind":"ExecCredential","apiVersion":"${V1}","status":{}}'`] },
      "sh gave neither a token nor a certificate",
    ],
    ["interactive", { command: "sh", interactiveMode: "Always" }, "interactiveMode is Always"],
    [
      "of no version",
      { command: "sh", apiVersion: "client.authentication.k8s.io/v1alpha1" },
      "apiVersion is",
    ],
    ["of no command", {}, "no command"],
  ])("%s is said", async (name, exec, message) => {
    const file = await fileOf(`exec-${name.replaceAll(" ", "-")}`, { user: execOf(exec) });
    const { exitCode, stderr } = await runExplain(["--kubeconfig", file, "-"], POD);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(`kubeconfig ${file}: user "reader": exec`);
    expect(stderr).not.toContain("hunter2");
  });
});

test.each(["exec sleep 1000", 'sleep 1000 & echo $! > "$STARTED"; wait'])(
  "a plugin that hangs is not waited for: %s",
  async (script) => {
    const apiVersion = "client.authentication.k8s.io/v1";
    const exec = { apiVersion, command: "sh", args: ["-c", script] };
    const file = await fileOf("hanging", { user: { exec } });
    const started = join(directory, "started");
    const environment = { PATH: process.env["PATH"], STARTED: started };
    const query = { file, context: undefined, environment, pluginMs: 1_000 };
    await expect(readKubeconfig([file], query)).rejects.toMatchObject({
      code: "kubeconfig_invalid",
      message: expect.stringContaining("sh did not end within 1 s"),
    });
    // What it has started itself goes on.
    if (existsSync(started)) process.kill(Number(readFileSync(started, "utf8")));
  },
);

describe("several files", () => {
  test("are one, of which the first that says something counts, and missing ones are left out", async () => {
    const first = await fileOf(
      "first",
      JSON.stringify({ "current-context": "dev", users: [{ name: "reader", user: { token } }] }),
    );
    const second = await fileOf("second", { user: { token: "old" } });
    expect(await found(`${first}:${directory}/nonexistent:${second}`)).toEqual(SEEN);
  });

  test("a context that is named counts before the current one", async () => {
    const file = await fileOf(
      "named",
      kubeconfigOf(kubernetes, { user: { token } }).replace('"dev"', '"none"'),
    );
    expect(await found(file, ["--context", "dev"])).toEqual(SEEN);
  });

  test("the home's is the last that is looked for", async () => {
    await Bun.write(join(directory, "home/.kube/config"), kubeconfigOf(kubernetes, { user: { token } }));
    expect(await found("", [], { HOME: join(directory, "home") })).toEqual(SEEN);
  });
});

describe("what cannot be used is said, with the file and where in it", () => {
  const at = (what: string) => ({ user: { token: "x" }, ...JSON.parse(what) });
  test.each([
    [
      "auth-provider",
      { user: { "auth-provider": { name: "gcp" } } },
      'user "reader": auth-provider is not supported',
    ],
    [
      "username",
      { user: { username: "u", password: "hunter2" } },
      'user "reader": username is not supported',
    ],
    ["as", { user: { as: "admin" } }, 'user "reader": as is not supported'],
    ["half", { user: { "client-certificate-data": btoa("-----BEGIN X-----") } }, "only together of use"],
    [
      "no-pem",
      at('{"cluster":{"certificate-authority-data":"aHVudGVyMg=="}}'),
      "certificate-authority-data holds no PEM",
    ],
    [
      "no-file",
      at('{"cluster":{"certificate-authority-data":"","certificate-authority":"none.pem"}}'),
      "cannot read ",
    ],
    [
      "plain",
      at('{"cluster":{"server":"http://127.0.0.1:1"}}'),
      'cluster "fake": server is no https:// address',
    ],
    ["proxy", at('{"cluster":{"proxy-url":"socks5://x"}}'), "proxy-url is no http"],
    ["cluster", at('{"context":{"cluster":"other"}}'), 'context "dev": there is no cluster "other"'],
    ["user", at('{"context":{"user":"other"}}'), 'context "dev": there is no user "other"'],
    ["number", { user: { token: 1 } }, 'user "reader": token is not a string'],
  ])("%s", async (name, parts, message) => {
    const file = await fileOf(`unusable-${name}`, parts);
    const { exitCode, stdout, stderr } = await runExplain(["--kubeconfig", file, "-"], POD);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(file);
    expect(stderr).not.toContain("hunter2");
  });

  test.each([
    ["nothing", "", "no current-context: name one with --context"],
    ["no YAML", "a: [", "line 1: no YAML"],
    ["a list", "[]", "no kubeconfig: no object"],
  ])("%s", async (name, content, message) => {
    const file = await fileOf(`broken-${name.replaceAll(" ", "-")}`, content);
    const { exitCode, stderr } = await runExplain(["--kubeconfig", file, "-"], POD);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test("a file that is named and is not there", async () => {
    const { exitCode, stderr } = await runExplain(["--kubeconfig", "/nonexistent/config", "-"], POD);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("kubeconfig cannot read /nonexistent/config: ENOENT");
  });
});
