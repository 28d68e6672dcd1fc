/** The bundle for arm64, run by an emulator: `npm run test:arm64`. What `npm test` holds of amd64's, in short. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { arm64Emulator } from "../../scripts/bundle/qemu.ts";
import { startAws } from "../fakes/aws.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { startStubWebhook } from "../injector/stub-webhook.ts";
import { parseState } from "../launcher/state.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";
import { type Container, makeContainer, noContainers } from "./container.ts";
import { type Arm64Programs, buildArm64Programs } from "./programs.ts";

if (noContainers !== undefined) console.log(`test/arm64: most tests are skipped: ${noContainers}`);

const PIGGY_ENV = "/piggy/piggy-env";

let programs: Arm64Programs;
let container: Container;
beforeAll(async () => {
  programs = await buildArm64Programs();
  container = await makeContainer(programs);
  // The first time on a machine a compiler, an emulator and a runtime are fetched.
}, 900_000);
afterAll(() => container?.remove());

describe("the launcher installs", () => {
  const install = async (to: string) =>
    runPlainly([await arm64Emulator(), join(programs.bundle, "piggy-env"), "install", to], {});

  test("every file as it is, for any user", async () => {
    expect(await install(programs.folder)).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    const libraries = (await readdir(join(programs.bundle, "lib"))).filter(
      (name) => !name.endsWith(".copyright"),
    );
    expect((await readdir(join(programs.folder, "lib"))).sort()).toEqual(libraries.sort());
    for (const file of ["piggy-env", ...libraries.map((name) => `lib/${name}`)]) {
      const installed = join(programs.folder, file);
      expect((await readFile(join(programs.bundle, file))).equals(await readFile(installed))).toBe(true);
      expect((await stat(installed)).mode & 0o7777).toBe(0o555);
    }
  });

  test("or says why it cannot", async () => {
    const { exitCode, stdout, stderr } = await install("/nowhere/at/all");
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
    const line = JSON.parse(stderr);
    expect(line).toMatchObject({ level: "fatal", code: "install_failed" });
    expect(line.message).toBe("cannot install into /nowhere/at/all: it is not there");
    expect(Math.abs(Date.now() - Date.parse(line.time))).toBeLessThan(60_000);
  });
});

test("the injector runs with the loader and the libraries that are beside it", async () => {
  const library = join(programs.bundle, "lib");
  const loader = [join(library, "ld.so"), "--library-path", library, join(library, "injector")];
  expect(await runPlainly([await arm64Emulator(), ...loader, "--version"], {})).toMatchObject({
    exitCode: 0,
    stdout: `piggy-env ${version}\n`,
    stderr: "",
  });
});

/** What the probe was started with. The emulator turns the order of the variables around at every start. */
function started({ exitCode, stdout, stderr }: Ended) {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const { argv, environment } = parseProbe(stdout);
  return { argv, environment: [...environment].sort() };
}

describe.skipIf(noContainers !== undefined)("from the first program to the application", () => {
  test("a command without references starts as it is, whatever its variables do to others", async () => {
    const variables = { A: "1", BUN_OPTIONS: "--preload /x", BUN_BE_BUN: "1", LD_LIBRARY_PATH: "/nowhere" };
    const outcome = await container.run([PIGGY_ENV, "--", "/probe", "", "a b", "--"], variables);
    expect(started(outcome)).toEqual({
      argv: ["/probe", "", "a b", "--"],
      environment: Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    });
  });

  test("the application's exit code is the container's", async () => {
    expect(await container.run([PIGGY_ENV, "--", "/probe"], { PROBE_EXIT: "7" })).toMatchObject({
      exitCode: 7,
    });
    expect(await container.run([PIGGY_ENV, "--", "/nowhere"])).toMatchObject({ exitCode: 127, stdout: "" });
  });

  test("proxy mode, over TLS", async () => {
    const authority = await createCertificateAuthority("arm64");
    const tls = await authority.issue({ names: ["127.0.0.1"] });
    const webhook = startStubWebhook({ tls, answer: () => Response.json({ KEY: "välue" }) });
    try {
      await container.write("token", "token");
      const variables = {
        A: "piggy:KEY",
        PIGGY_ADDRESS: `https://127.0.0.1:${webhook.port}`,
        PIGGY_TOKEN_FILE: "/token",
        PIGGY_DEADLINE: "0s",
      };
      const trusting = { ...variables, PIGGY_CA: authority.pem };
      const { environment } = started(await container.run([PIGGY_ENV, "--", "/probe"], trusting));
      expect(environment).toEqual([`A=${Buffer.from("välue").toString("latin1")}`]);
      expect(webhook.requests).toHaveLength(1);
      const distrusting = await container.run([PIGGY_ENV, "--", "/probe"], variables);
      expect(distrusting).toMatchObject({ exitCode: 125, stdout: "" });
      expect(webhook.requests).toHaveLength(1);
    } finally {
      await webhook.stop();
    }
  });

  test("standalone mode, by a signature that AWS accepts", async () => {
    const aws = await startAws();
    try {
      const key = { accessKeyId: "AKIAARM6400000000000", secretAccessKey: "arm64/secret" };
      aws.addUser(key);
      aws.putSecret({ region: "eu-west-1", name: "myapp/dev", value: JSON.stringify({ KEY: "hush" }) });
      const variables = {
        AWS_ACCESS_KEY_ID: key.accessKeyId,
        AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
        AWS_ENDPOINT_URL: aws.url,
      };
      const options = ["--standalone", "--secret", "myapp/dev", "--region", "eu-west-1"];
      const outcome = await container.run([PIGGY_ENV, ...options, "--", "/probe"], {
        ...variables,
        A: "piggy:KEY",
      });
      expect(started(outcome).environment).toContain("A=hush");
    } finally {
      await aws.stop();
    }
  });
});

/** The process, without what differs between any two. */
function told({ exitCode, stdout, stderr }: Ended): Readonly<Record<string, string>> {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const differs = /^process$|^descriptor\.\d+\.target$/;
  return Object.fromEntries(Object.entries(parseState(stdout)).filter(([name]) => !differs.test(name)));
}

describe.skipIf(noContainers !== undefined)("nothing changes of a process that was started", () => {
  const IGNORED = [1, 13, 15, 25, 34, 64];
  const BLOCKED = [10, 12, 13, 40, 64];
  const arranged: readonly (readonly [what: string, arranged: readonly string[]])[] = [
    ["as most are", []],
    ["with signals ignored", IGNORED.map((signal) => `ignore=${signal}`)],
    ["with signals blocked", BLOCKED.map((signal) => `block=${signal}`)],
    ["with limits lowered", ["limit=7:1000:2000", "limit=4:0:1000", "limit=1:100000000:200000000"]],
    ["with descriptors open, one of them not to be inherited", ["open=7", "open=600", "open-cloexec=8"]],
  ];
  test.each(arranged)("%s", async (_what, states) => {
    const arrange = ["/arrange", ...states, "--"];
    const directly = told(await container.run([...arrange, "/state"], { A: "1" }));
    expect(told(await container.run([...arrange, PIGGY_ENV, "--", "/state"], { A: "1" }))).toEqual(directly);
  });

  test("and the state is what was arranged, or the cases above would show nothing", async () => {
    const arrange = ["/arrange", "ignore=1", "block=10", "open=7", "limit=7:1000:2000", "--"];
    const state = told(await container.run([...arrange, PIGGY_ENV, "--", "/state"]));
    expect(state).toMatchObject({
      "signal.1": "0 handler=1 flags=0",
      "signal.13": "0 handler=0 flags=0",
      "signals.blocked": "0000000000000200",
      "descriptor.7.position": "7",
      "limit.7": "1000 2000",
    });
  });
});
