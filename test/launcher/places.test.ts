/** Wherever a container's runtime may put it, piggy-env starts the application, or says in words why it cannot. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cached, run } from "../../scripts/bundle/cache.ts";
import { PROBE_SOURCE, parseProbe } from "../fixtures/probe.ts";
import { probe } from "../injector/piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "../injector/stub-webhook.ts";
import { piggyEnv } from "../support/programs.ts";
import { runPlainly } from "../support/run-plainly.ts";
import { bareInjector } from "./control.ts";
import { bundleFolder, inOwnMounts, noMounts, removed } from "./enclosed.ts";

let directory: string;
let webhook: StubWebhook;
let bare: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-places-"));
  webhook = startStubWebhook({ answer: () => Response.json({ KEY: "value" }) });
  await chmod(directory, 0o755);
  bare = await bareInjector(join(directory, "bare"));
});
afterAll(async () => {
  await webhook.stop();
  await removed(directory);
});

const variables = () => [
  "A=piggy:KEY",
  `PIGGY_ADDRESS=http://127.0.0.1:${webhook.port}`,
  "PIGGY_TOKEN_FILE=/token",
];

/** An image's root: a static application, a token, the folders that are mounted on, and nothing else. */
async function scratchRoot(): Promise<string> {
  const root = await mkdtemp(join(directory, "root-"));
  await chmod(root, 0o755);
  await Promise.all(["piggy", "proc"].map((name) => mkdir(join(root, name))));
  await copyFile(await probe(), join(root, "application"));
  await copyFile(bare, join(root, "bare"));
  await writeFile(join(root, "token"), "token");
  return root;
}

interface Place {
  /** What is done in the mounts, once the bundle is at $1/piggy. */
  readonly mounts?: string;
  /** For chroot(8). */
  readonly options?: readonly string[];
  readonly program?: string;
}

const PROC = 'mount -t proc proc "$1/proc"';
const READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"';

/** Starts the application in a root of its own, with exactly the variables that are given. */
async function startInRoot({ mounts = PROC, options = [], program = "/piggy/piggy-env" }: Place) {
  const root = await scratchRoot();
  const bindBundle = 'mount --bind "$2" "$1/piggy"; mount -o remount,bind,ro "$1/piggy"';
  const [first = ""] = mounts.split("; ");
  // A bind mount of the root hides what was mounted within before.
  const script = first.startsWith("mount --bind") ? `${mounts}; ${bindBundle}` : `${bindBundle}; ${mounts}`;
  const start = 'root=$1; shift 2; exec env -i "$@"';
  const command = [...variables(), "/usr/sbin/chroot", ...options, root, program, "--", "/application", "x"];
  return inOwnMounts(`${script}; ${start}`, [root, await bundleFolder(), ...command]);
}

describe.skipIf(noMounts !== undefined)("in a root that holds the application and nothing else", () => {
  const places: readonly (readonly [what: string, place: Place])[] = [
    ["as root", {}],
    [
      "as user 65532, who has no name, no home and no group",
      { options: ["--userspec=65532:65532", "--groups="] },
    ],
    ["read-only, without /tmp", { mounts: `${READ_ONLY}; ${PROC}` }],
    [
      "read-only, without /tmp, as user 65532",
      { mounts: `${READ_ONLY}; ${PROC}`, options: ["--userspec=65532:65532", "--groups="] },
    ],
    [
      "with /proc that hides the processes of others",
      { mounts: 'mount -t proc -o hidepid=2 proc "$1/proc"' },
    ],
  ];
  test.each(places)("%s", async (_what, place) => {
    const { exitCode, stdout, stderr } = await startInRoot(place);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(parseProbe(stdout)).toMatchObject({ argv: ["/application", "x"], environment: ["A=value"] });
  });

  test("where the injector alone is not even found", async () => {
    const { exitCode, stderr } = await startInRoot({ program: "/bare" });
    expect(exitCode).toBe(127);
    expect(stderr).toContain("No such file");
  });

  test("and not without /proc, which it says", async () => {
    const { exitCode, stdout, stderr } = await startInRoot({ mounts: "true" });
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
    const line = JSON.parse(stderr);
    expect(line).toMatchObject({ level: "fatal", code: "no_proc" });
    expect(line.message).toContain("/proc is not mounted");
  });
});

/** Debian's musl: its loader and library; undefined where it cannot be had. */
async function muslRoot(): Promise<string | undefined> {
  try {
    return await cached("musl-for-tests", async (work) => {
      await run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "musl"], work);
      const [file = ""] = [...new Bun.Glob("*.deb").scanSync(work)];
      await run(["dpkg-deb", "--extract", join(work, file), work]);
    });
  } catch (error) {
    console.log(
      `test/launcher: a musl system is not tested: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

describe.skipIf(noMounts !== undefined || process.arch !== "x64")("in a musl system", () => {
  test("it starts a program that is linked with musl", async () => {
    const musl = await muslRoot();
    if (musl === undefined) return;
    const root = await scratchRoot();
    await run(["cp", "-a", join(musl, "lib"), join(musl, "etc"), root]);
    const libraries = ["-L", join(root, "lib/x86_64-linux-musl"), "-l:libc.so"];
    // A C library's own start files are as good as musl's: they call main through what it exports.
    const start = (await run(["cc", "-print-file-name=crt1.o"])).trim();
    const loader = "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1";
    const application = join(root, "application");
    await run([
      "cc",
      "-O2",
      "-no-pie",
      "-nostdlib",
      loader,
      "-o",
      application,
      start,
      PROBE_SOURCE,
      ...libraries,
    ]);
    const script =
      'mount --bind "$2" "$1/piggy"; mount -t proc proc "$1/proc"; root=$1; shift 2; exec env -i "$@"';
    const command = [...variables(), "/usr/sbin/chroot", root, "/piggy/piggy-env", "--", "/application"];
    const { exitCode, stdout, stderr } = await inOwnMounts(script, [root, await bundleFolder(), ...command]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(parseProbe(stdout).environment).toEqual(["A=value"]);
  });
});

interface MemoryGroup {
  readonly folder: string;
  readonly limit: string;
  readonly tasks: string;
}

/** A group for memory, of either version of the kernel's interface; undefined where none can be made. */
async function memoryGroup(): Promise<MemoryGroup | undefined> {
  const name = `piggy-test-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const versions = [
    { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" },
    { root: "/sys/fs/cgroup", limit: "memory.max" },
  ];
  for (const { root, limit } of versions) {
    const folder = join(root, name);
    try {
      await mkdir(folder);
    } catch {
      continue;
    }
    if (existsSync(join(folder, limit)))
      return { folder, limit: join(folder, limit), tasks: join(folder, "cgroup.procs") };
    await rmdir(folder);
  }
  return undefined;
}

const MIB = 1024 * 1024;

/** Runs piggy-env within this much memory. Its files' pages are in the page cache already: who installed them pays. */
async function startWithin(group: MemoryGroup, bytes: number) {
  await writeFile(group.limit, String(bytes));
  const enter = 'echo $$ > "$1"; shift; exec "$@"';
  const command = [await piggyEnv(), "--", await probe()];
  return runPlainly(["/bin/sh", "-euc", enter, "sh", group.tasks, ...command], {
    A: "piggy:KEY",
    PIGGY_ADDRESS: `http://127.0.0.1:${webhook.port}`,
    PIGGY_TOKEN_FILE: join(directory, "token"),
    PIGGY_DEADLINE: "0s",
  });
}

test("within 24 MiB of memory, and not within 1", async () => {
  const group = await memoryGroup();
  if (group === undefined) {
    console.log("test/launcher: the memory limit is not tested: no cgroup can be made here");
    return;
  }
  try {
    await writeFile(join(directory, "token"), "token");
    const { exitCode, stdout, stderr } = await startWithin(group, 24 * MIB);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(parseProbe(stdout).variable("A")).toBe("value");
    expect((await startWithin(group, 1 * MIB)).exitCode).not.toBe(0);
  } finally {
    await rmdir(group.folder);
  }
});
