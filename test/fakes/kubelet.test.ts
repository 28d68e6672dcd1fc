import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import {
  type ContainerRun,
  type HostImage,
  type KubeletStep,
  type RunOptions,
  startKubelet,
} from "./kubelet.ts";
import { type KubernetesFake, startKubernetes } from "./kubernetes.ts";

describe("running a Pod", () => {
  let kubernetes: KubernetesFake;
  let directory: string;
  beforeAll(async () => {
    kubernetes = await startKubernetes();
    directory = await mkdtemp(join(tmpdir(), "kubelet-"));
  });
  afterAll(async () => {
    await kubernetes.stop();
    await rm(directory, { recursive: true });
  });

  const shell: HostImage = {
    program: "/bin/sh",
    entrypoint: ["/image/sh"],
    cmd: ["-c", "echo from the image"],
  };
  const tools: HostImage = {
    program: "/bin/sh",
    env: { PATH: "/usr/bin:/bin", COLOR: "image" },
    paths: { "/tools": "/usr/bin" },
  };

  async function run(spec: object, options: RunOptions = {}, serviceEnvironment?: Record<string, string>) {
    const created = await kubernetes.createPod({ metadata: { generateName: "p-" }, spec });
    if (!created.allowed) throw new Error(created.status.message);
    const images = { shell, tools };
    const kubelet = startKubelet({
      kubernetes,
      directory,
      images,
      ...(serviceEnvironment && { serviceEnvironment }),
    });
    return { ...(await kubelet.run(created.pod, options)), pod: created.pod };
  }

  async function runOne(
    container: object,
    spec: object = {},
    options: RunOptions = {},
  ): Promise<ContainerRun> {
    const { containers } = await run(
      { containers: [{ name: "main", image: "shell", ...container }], ...spec },
      options,
      {},
    );
    const [only] = containers;
    if (only === undefined) throw new Error("no container has run");
    return only;
  }

  const script = (text: string) => ({ args: ["-c", text] });

  test("the image's entrypoint and command run when the Pod names none", async () => {
    expect(await runOne({})).toMatchObject({
      argv: ["/bin/sh", "-c", "echo from the image"],
      stdout: "from the image\n",
      exitCode: 0,
    });
  });

  test("the process has exactly the container's environment, with the image's below it", async () => {
    const env = [{ name: "COLOR", value: "pod" }, { name: "EMPTY" }];
    const run = await runOne({ image: "tools", command: ["/tools/env"], env });
    expect(run.stdout.trim().split("\n").sort()).toEqual(["COLOR=pod", "EMPTY=", "PATH=/usr/bin:/bin"]);
    expect(run.environment).toEqual({ COLOR: "pod", EMPTY: "", PATH: "/usr/bin:/bin" });
  });

  test("variables of the image are not expanded, those of Services are", async () => {
    const container = { name: "main", image: "tools", command: ["echo", "$(COLOR)", "$(DB_HOST)"] };
    const { containers } = await run({ containers: [container] }, {}, { DB_HOST: "10.0.0.9" });
    expect(containers[0]?.stdout).toBe("$(COLOR) 10.0.0.9\n");
  });

  test("the API server's address is in every container unless other Services are given", async () => {
    const { containers } = await run({ containers: [{ name: "main", image: "shell" }] });
    expect(containers[0]?.environment).toMatchObject({
      KUBERNETES_SERVICE_HOST: kubernetes.host,
      KUBERNETES_SERVICE_PORT: String(kubernetes.port),
    });
  });

  test("the default token, CA and namespace are mounted, the token bound to the Pod", async () => {
    const mount = "/var/run/secrets/kubernetes.io/serviceaccount";
    const env = ["token", "ca.crt", "namespace"].map((file, index) => ({
      name: `F${index}`,
      value: `${mount}/${file}`,
    }));
    const { containers, pod } = await run({
      containers: [{ name: "main", image: "tools", env, ...script("cat $F0; echo; cat $F2; echo; cat $F1") }],
    });
    const [token = "", namespace, ...ca] = containers[0]?.stdout.split("\n") ?? [];
    const { name, uid } = pod.metadata;
    expect(decodeJwt(token)).toMatchObject({
      aud: [kubernetes.issuer],
      "kubernetes.io": { pod: { name, uid } },
    });
    expect(namespace).toBe("default");
    expect(ca.join("\n")).toBe(kubernetes.caPem);
  });

  test("a projected token is of its audience and lifetime", async () => {
    const serviceAccountToken = { audience: "piggysec.com", expirationSeconds: 600, path: "token" };
    const volumes = [{ name: "t", projected: { sources: [{ serviceAccountToken }] } }];
    const container = {
      image: "tools",
      command: ["cat", "/run/piggy/token"],
      volumeMounts: [{ name: "t", mountPath: "/run/piggy" }],
    };
    const claims = decodeJwt((await runOne(container, { volumes })).stdout);
    expect(claims.aud).toEqual(["piggysec.com"]);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
  });

  test("files of Secrets, ConfigMaps and the downward API are mounted, Secrets decoded", async () => {
    kubernetes.add({ kind: "Secret", metadata: { name: "files" }, stringData: { user: "ann", other: "no" } });
    kubernetes.add({ kind: "ConfigMap", metadata: { name: "files" }, data: { mode: "fast" } });
    const volumes = [
      { name: "s", secret: { secretName: "files", items: [{ key: "user", path: "sub/user" }] } },
      { name: "c", configMap: { name: "files" } },
      { name: "d", downwardAPI: { items: [{ path: "ns", fieldRef: { fieldPath: "metadata.namespace" } }] } },
    ];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
    const command = ["head", "-v", "/s/sub/user", "/c/mode", "/d/ns"];
    const { stdout } = await runOne({ image: "tools", command, volumeMounts }, { volumes });
    expect(stdout.match(/^(ann|fast|default)$/gm)).toEqual(["ann", "fast", "default"]);
  });

  test("a volume of a Secret that is not there cannot be mounted", async () => {
    const volumes = [{ name: "s", secret: { secretName: "none" } }];
    await expect(runOne({}, { volumes })).rejects.toThrow(
      'MountVolume.SetUp failed: secret "none" not found',
    );
  });

  test("what an init container leaves in an emptyDir, a container executes", async () => {
    const volumeMounts = [{ name: "bin", mountPath: "/piggy/" }];
    const { containers } = await run({
      volumes: [{ name: "bin", emptyDir: {} }],
      initContainers: [
        { name: "install", image: "tools", command: ["cp", "/tools/env", "/piggy"], volumeMounts },
      ],
      containers: [{ name: "main", image: "shell", command: ["/piggy/env", "-i", "A=1"], volumeMounts }],
    });
    expect(containers[0]).toMatchObject({ exitCode: 0, stdout: "A=1\n" });
  });

  test("an image volume mounts the root of its image", async () => {
    const images = { shell, injector: { program: "/usr/bin/env", paths: { "/": "/usr/bin" } } };
    const created = await kubernetes.createPod({
      metadata: { generateName: "p-" },
      spec: {
        volumes: [{ name: "piggy", image: { reference: "injector" } }],
        containers: [
          {
            name: "main",
            image: "shell",
            command: ["/piggy/env", "-i", "A=1"],
            volumeMounts: [{ name: "piggy", mountPath: "/piggy" }],
          },
        ],
      },
    });
    if (!created.allowed) throw new Error(created.status.message);
    const { containers } = await startKubelet({ kubernetes, directory, images }).run(created.pod);
    expect(containers[0]?.stdout).toBe("A=1\n");
  });

  test("init containers run one after another, then the containers beside each other", async () => {
    const named = (name: string, text: string) => ({ name, image: "tools", ...script(text) });
    // Each of the two waits for the other.
    const meeting = join(directory, "meeting");
    expect(Bun.spawnSync(["mkfifo", meeting]).exitCode).toBe(0);
    const steps: KubeletStep[] = [];
    const { initContainers, containers } = await run(
      {
        initContainers: [named("i1", "sleep 0.1"), named("i2", "sleep 0.1")],
        containers: [named("c1", `: > ${meeting}`), named("c2", `: < ${meeting}`)],
      },
      { onStep: (step) => steps.push(step) },
    );
    const [i1, i2] = initContainers;
    const [c1, c2] = containers;
    if (!i1 || !i2 || !c1 || !c2) throw new Error("four containers were to run");
    expect(i2.startedAt).toBeGreaterThanOrEqual(i1.endedAt);
    expect(c1.startedAt).toBeGreaterThanOrEqual(i2.endedAt);
    expect([c1.exitCode, c2.exitCode]).toEqual([0, 0]);
    const names = steps.flatMap((step) => (step.step === "container-started" ? [step.name] : []));
    expect(names.slice(0, 2)).toEqual(["i1", "i2"]);
    expect(names.slice(2).sort()).toEqual(["c1", "c2"]);
    expect(steps[0]?.step).toBe("volumes-ready");
  });

  test("nothing starts after an init container that failed", async () => {
    const spec = {
      initContainers: [{ name: "init", image: "shell", ...script("echo no >&2; exit 3") }],
      containers: [{ name: "main", image: "shell" }],
    };
    expect(await run(spec)).toMatchObject({
      initContainers: [{ exitCode: 3, stderr: "no\n" }],
      containers: [],
    });
  });

  test.each<[string, object, string]>([
    [
      "an object that is not there",
      { envFrom: [{ secretRef: { name: "none" } }] },
      'CreateContainerConfigError: secret "none" not found',
    ],
    [
      "a program that is not there",
      { command: ["/none/x"] },
      'StartError: exec: "/none/x": no such executable file',
    ],
    [
      "a program that no PATH finds",
      { command: ["env"] },
      'StartError: exec: "env": executable file not found in $PATH',
    ],
    ["an image that is not there", { image: "none" }, 'ErrImagePull: no image "none"'],
  ])("%s fails the container alone, with its reason", async (_, container, error) => {
    expect(await runOne(container)).toMatchObject({ exitCode: null, signal: null, error });
  });

  test("a container that runs too long is killed, with what it has started", async () => {
    const run = await runOne(
      { image: "tools", ...script("echo up; sleep 1000 & wait") },
      {},
      { timeoutMs: 1_000 },
    );
    expect(run).toMatchObject({ exitCode: null, signal: "SIGKILL", stdout: "up\n" });
  });

  test("a container ends with its first process", async () => {
    const run = await runOne({ image: "tools", ...script("sleep 1000 & echo done") });
    expect(run).toMatchObject({ exitCode: 0, stdout: "done\n" });
  });

  test("each container has an empty folder of its own to work in, or the one that it names", async () => {
    expect(await readdir((await runOne({ image: "tools", command: ["pwd"] })).stdout.trim())).toEqual([]);
    expect((await runOne({ image: "tools", command: ["pwd"], workingDir: "/tools" })).stdout).toBe(
      "/usr/bin\n",
    );
  });
});
