/** credential_process: real commands of a real shell. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../support/until.ts";
import { type Home, makeHome } from "./home.ts";
import { refusalOf, resolve } from "./resolve.ts";

const SECRET = "the-secret-key";
const ANSWER = { Version: 1, AccessKeyId: "AKIAPROCESS", SecretAccessKey: SECRET };

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.remove());

/** Runs a command as the default profile's. */
async function run(command: string, environment = {}, timeoutMs = 5_000) {
  await home.write(".aws/config", `[default]\ncredential_process = ${command}\n`);
  return resolve({ HOME: home.path, PATH: process.env["PATH"], ...environment }, { timeoutMs });
}

/** One that has ended may be there until somebody waits for it. Source: proc_pid_stat(5). */
async function isRunning(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
}

async function print(answer: object | string): Promise<string> {
  return `cat ${await home.write("answer", typeof answer === "string" ? answer : JSON.stringify(answer))}`;
}

test("prints credentials, with a session token or without", async () => {
  expect(await run(await print(ANSWER))).toEqual({
    accessKeyId: "AKIAPROCESS",
    secretAccessKey: SECRET,
    sessionToken: undefined,
  });
  const later = new Date(Date.now() + 60_000).toISOString();
  expect(await run(await print({ ...ANSWER, SessionToken: "t", Expiration: later }))).toMatchObject({
    sessionToken: "t",
  });
});

test("has the container's environment, and not this process's", async () => {
  const command = `printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}' "$GIVEN" "\${USER-none}"`;
  process.env["USER"] ??= "somebody";
  expect(await run(command, { GIVEN: "AKIAGIVEN" })).toMatchObject({
    accessKeyId: "AKIAGIVEN",
    secretAccessKey: "none",
  });
});

test("does not read what is meant for the program", async () => {
  const script = `
    import { resolveCredentials } from ${JSON.stringify(join(import.meta.dir, "../../../lib/aws/credentials.ts"))};
    await resolveCredentials(process.env, "eu-west-1", AbortSignal.timeout(5000));
    process.stdout.write(await Bun.stdin.text());`;
  await home.write(".aws/config", `[default]\ncredential_process = cat >/dev/null; ${await print(ANSWER)}\n`);
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { HOME: home.path, PATH: process.env["PATH"] },
    stdin: new Blob(["for the program"]),
    stdout: "pipe",
    stderr: "inherit",
  });
  expect(await child.stdout.text()).toBe("for the program");
});

describe("fails with credentials_missing, and shows nothing of what was printed, when it", () => {
  const an = (answer: object | string) => () => print(answer);
  const failures: readonly (readonly [what: string, command: () => Promise<string>, says: string])[] = [
    ["ends badly", async () => `${await print(ANSWER)}; exit 3`, "ended with exit code 3"],
    ["is not there", async () => "/nowhere/vault --json", "ended with exit code 127"],
    ["prints no JSON", an(`token: ${SECRET}`), "did not print JSON"],
    ["prints another version", an({ ...ANSWER, Version: 2 }), "did not print Version 1"],
    ["prints half of the keys", an({ ...ANSWER, AccessKeyId: "" }), "AccessKeyId and SecretAccessKey"],
    ["prints old keys", an({ ...ANSWER, Expiration: "2020-01-01T00:00:00Z" }), "have expired"],
  ];
  test.each(failures)("%s", async (_what, command, says) => {
    const refusal = await refusalOf(run(await command()));
    expect(refusal).toEqual({ code: "credentials_missing", message: expect.stringContaining(says) });
    expect(refusal.message).toContain("profile default");
    expect(refusal.message).not.toContain(SECRET);
  });

  test("is too slow, and ends it", async () => {
    const file = join(home.path, "pids");
    const slow = run(`sleep 1000 & echo $$ $! > ${file}; wait`, {}, 1_000);
    expect(await refusalOf(slow)).toEqual({
      code: "credentials_missing",
      message: expect.stringContaining("was not done in time"),
    });
    const [command = "", started = ""] = (await readFile(file, "utf8")).trim().split(" ");
    await until(async () => !(await isRunning(command)));
    process.kill(Number(started));
  });
});
