import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { piggyEnv } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { onlyLine, probe, run, runArgv } from "./piggy-env.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-install-"));
});
afterEach(() => rm(directory, { recursive: true }));

const LIBRARIES = ["injector", "ld.so", "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"];

const modeOf = async (file: string) => (await stat(file)).mode & 0o7777;
const hashOf = async (file: string) => Bun.hash(await Bun.file(file).arrayBuffer());

describe("piggy-env install DIRECTORY", () => {
  test("puts a program there that anybody may run and nobody change", async () => {
    expect(await run(["install", directory])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect((await readdir(directory)).sort()).toEqual(["lib", "piggy-env"]);
    expect((await readdir(join(directory, "lib"))).sort()).toEqual(LIBRARIES);
    const installed = join(directory, "piggy-env");
    expect(await modeOf(installed)).toBe(0o555);
    for (const library of LIBRARIES) expect(await modeOf(join(directory, "lib", library))).toBe(0o555);
    const outcome = await runArgv([installed, "--", await probe(), "it works"], {});
    expect(outcome.started().argv).toEqual([await probe(), "it works"]);
  });

  test("puts every byte there", async () => {
    await run(["install", directory]);
    const folder = join(await piggyEnv(), "..");
    for (const file of ["piggy-env", ...LIBRARIES.map((library) => join("lib", library))])
      expect({ file, hash: await hashOf(join(directory, file)) }).toEqual({
        file,
        hash: await hashOf(join(folder, file)),
      });
  });

  test("gives the program its mode whatever the umask", async () => {
    const script = 'umask 0777; exec "$0" install "$1"';
    const { exitCode } = await runArgv(["/bin/sh", "-c", script, await piggyEnv(), directory], {});
    expect(exitCode).toBe(0);
    expect(await modeOf(join(directory, "piggy-env"))).toBe(0o555);
    expect(await modeOf(join(directory, "lib"))).toBe(0o755);
  });

  test("replaces what an interrupted container left there, a file that is being run included", async () => {
    const installed = join(directory, "piggy-env");
    const injector = join(directory, "lib", "injector");
    await run(["install", directory]);
    const running = Bun.spawn([installed, "--", "/bin/true"], {
      env: { A: "piggy:KEY", PIGGY_ADDRESS: "https://127.0.0.1:1", PIGGY_INITIAL_DELAY: "1h" },
      stdin: "ignore",
    });
    const runs = () => readlink(`/proc/${running.pid}/exe`);
    await until(async () => (await runs()) === injector);
    const before = await Promise.all([installed, injector].map(async (file) => (await stat(file)).ino));
    expect(await run(["install", directory])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await runs()).toBe(`${injector} (deleted)`);
    running.kill("SIGKILL");
    const after = await Promise.all([installed, injector].map(async (file) => (await stat(file)).ino));
    expect(after.filter((inode) => before.includes(inode))).toEqual([]);
    expect((await readdir(directory)).sort()).toEqual(["lib", "piggy-env"]);
  });

  test("leaves nothing behind when it fails at the last step", async () => {
    // What cannot be replaced by a file: a directory that is not empty.
    await mkdir(join(directory, "piggy-env"));
    await writeFile(join(directory, "piggy-env", "file"), "");
    const outcome = await run(["install", directory]);
    expect(outcome.exitCode).toBe(125);
    expect(onlyLine(outcome)).toMatchObject({ level: "fatal", code: "install_failed" });
    expect((await readdir(directory)).sort()).toEqual(["lib", "piggy-env"]);
  });

  test.each([
    ["that is not there", "absent"],
    ["that is a file", "file"],
  ])("says so and ends with 125 for a directory %s", async (_what, name) => {
    await writeFile(join(directory, "file"), "");
    const outcome = await run(["install", join(directory, name)]);
    expect(outcome.exitCode).toBe(125);
    const { level, code, message } = onlyLine(outcome);
    expect({ level, code }).toEqual({ level: "fatal", code: "install_failed" });
    expect(message).toContain(join(directory, name));
  });

  test("needs no environment, and resolves nothing", async () => {
    await chmod(directory, 0o777);
    const environment = { A: "piggy:KEY", PIGGY_ADDRESS: "https://127.0.0.1:1" };
    expect(await run(["install", directory], environment)).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
