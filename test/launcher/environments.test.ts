/** Variables and files that are the application's do nothing to piggy-env, and all to an injector without a launcher. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { probe } from "../injector/piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "../injector/stub-webhook.ts";
import { piggyEnv } from "../support/programs.ts";
import { runPlainly } from "../support/run-plainly.ts";
import { bareInjector, openInjector, uselessLibrary } from "./control.ts";
import { removed } from "./enclosed.ts";

type Environment = Readonly<Record<string, string>>;

let directory: string;
let webhook: StubWebhook;
let authority: string;
let otherAuthority: string;
let bare: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-environments-"));
  const [own, other] = await Promise.all([
    createCertificateAuthority("own"),
    createCertificateAuthority("other"),
  ]);
  authority = own.pem;
  otherAuthority = other.pem;
  const tls = await own.issue({ names: ["localhost"] });
  webhook = startStubWebhook({ tls, answer: () => Response.json({ KEY: "value" }) });
  await writeFile(join(directory, "token"), "token");
  await mkdir(join(directory, "useless"));
  for (const name of ["libc.so.6", "libm.so.6"]) await uselessLibrary(join(directory, "useless", name), name);
  const musl = await uselessLibrary(join(directory, "absent.so"), "libc.musl-x86_64.so.1");
  await uselessLibrary(join(directory, "musl.so"), "musl.so", musl);
  bare = await bareInjector(join(directory, "bare"));
});
afterAll(async () => {
  await webhook.stop();
  await removed(directory);
});

/** Whether the application starts, with exactly its variables, and nothing else is to be seen. */
async function startsWell(program: string, environment: Environment, cwd?: string): Promise<boolean> {
  const { exitCode, stdout, stderr } = await runPlainly([program, "--", await probe()], environment, cwd);
  if (exitCode !== 0 || stderr !== "") return false;
  try {
    const expected = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return Bun.deepEquals([...parseProbe(stdout).environment].sort(), expected.sort());
  } catch {
    return false;
  }
}

describe("what disturbs a program like the injector does not disturb piggy-env", () => {
  const harmful: readonly (readonly [name: string, value: string])[] = [
    ["LD_PRELOAD", "/absent/jemalloc.so"],
    ["LD_PRELOAD", "DIRECTORY/musl.so"],
    ["LD_LIBRARY_PATH", "DIRECTORY/useless"],
    ["LD_AUDIT", "/absent/audit.so"],
    ["LD_DEBUG", "all"],
    ["LD_SHOW_AUXV", "1"],
    ["LD_TRACE_LOADED_OBJECTS", "1"],
    ["BUN_OPTIONS", "--preload /x"],
    ["BUN_BE_BUN", "1"],
    ["BUN_JSC_useJIT", "banana"],
    ["BUN_JSC_dumpOptions", "3"],
    ["MIMALLOC_VERBOSE", "1"],
  ];
  test.each(harmful)("%s=%s", async (name, value) => {
    const environment = { FIRST: "1", [name]: value.replace("DIRECTORY", directory), LAST: "2" };
    expect(await startsWell(await piggyEnv(), environment)).toBe(true);
    // Without it the variable does its harm, or this shows nothing.
    expect(await startsWell(bare, environment)).toBe(false);
  });

  test("and without one of these both start", async () => {
    expect(await startsWell(bare, { FIRST: "1" })).toBe(true);
    expect(await startsWell(await piggyEnv(), { FIRST: "1" })).toBe(true);
  });

  const harmless: readonly (readonly [name: string, value: string])[] = [
    ["LD_BIND_NOW", "1"],
    ["GLIBC_TUNABLES", "glibc.malloc.check=3:glibc.rtld.nns=0"],
    ["BUN_INSPECT_PRELOAD", "/x"],
    ["BUN_INSPECT", "1"],
    ["NODE_OPTIONS", "--require /x"],
    ["NODE_CHANNEL_FD", "5"],
    ["LANG", "banana"],
  ];
  test.each(harmless)("%s=%s", async (name, value) => {
    expect(await startsWell(await piggyEnv(), { FIRST: "1", [name]: value, LAST: "2" })).toBe(true);
  });
});

describe("what is for the application's connections is not for piggy-env's", () => {
  const ours = (): Environment => ({
    A: "piggy:KEY",
    PIGGY_ADDRESS: `https://localhost:${webhook.port}`,
    PIGGY_TOKEN_FILE: join(directory, "token"),
    PIGGY_CA: authority,
    PIGGY_DEADLINE: "0s",
  });

  const network: readonly (readonly [name: string, value: string])[] = [
    ["HTTPS_PROXY", "http://127.0.0.1:1"],
    ["HTTP_PROXY", "http://127.0.0.1:1"],
    ["https_proxy", "http://127.0.0.1:1"],
    ["ALL_PROXY", "http://127.0.0.1:1"],
    ["NODE_EXTRA_CA_CERTS", "/absent"],
    ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
    ["SSL_CERT_FILE", "/absent"],
    ["NODE_OPTIONS", "--use-openssl-ca"],
    ["RES_OPTIONS", "debug ndots:15 attempts:1 timeout:1"],
    ["LOCALDOMAIN", "example.invalid"],
    ["BUN_CONFIG_VERBOSE_FETCH", "curl"],
  ];
  test.each(network)("%s=%s", async (name, value) => {
    const { exitCode, stdout, stderr } = await runPlainly([await piggyEnv(), "--", await probe()], {
      ...ours(),
      [name]: value,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect([...parseProbe(stdout).environment].sort()).toEqual(["A=value", `${name}=${value}`].sort());
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 makes it take no certificate of another authority", async () => {
    const { exitCode, stdout } = await runPlainly([await piggyEnv(), "--", await probe()], {
      ...ours(),
      PIGGY_CA: otherAuthority,
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
  });
});

describe("files in the working directory are the application's", () => {
  test.each([
    [".env", "LD_PRELOAD=/x\nPIGGY_DEBUG=banana\nFIRST=3\n"],
    ["bunfig.toml", 'preload = ["./absent.ts"]\n'],
    ["package.json", "{"],
    ["tsconfig.json", "{"],
  ])("%s", async (name, content) => {
    const cwd = await mkdtemp(join(directory, "cwd-"));
    await writeFile(join(cwd, name), content);
    expect(await startsWell(await piggyEnv(), { FIRST: "1" }, cwd)).toBe(true);
  });

  test("and disturb an injector that was compiled to look at them", async () => {
    const open = await openInjector(join(directory, "open"));
    const cwd = await mkdtemp(join(directory, "cwd-"));
    expect(await startsWell(open, { FIRST: "1" }, cwd)).toBe(true);
    await writeFile(join(cwd, "bunfig.toml"), 'preload = ["./absent.ts"]\n');
    expect(await startsWell(open, { FIRST: "1" }, cwd)).toBe(false);
  });
});
