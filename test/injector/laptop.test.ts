/** What somebody at a terminal sees of piggy-env, and what somebody at `kubectl describe pod` does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { onlyLine, probe, run } from "./piggy-env.ts";

const KEY = { accessKeyId: "AKIALAPTOP0000000000", secretAccessKey: "laptop" } as const;

let aws: AwsFake;
let directory: string;
let credentials: Readonly<Record<string, string>>;
beforeAll(async () => {
  aws = await startAws();
  aws.addUser(KEY);
  aws.putSecret({ region: "eu-west-1", name: "myapp/dev", value: JSON.stringify({ PASSWORD: "hush" }) });
  aws.putParameter({ region: "eu-west-1", name: "/myapp/dev/PASSWORD", value: "parameter" });
  credentials = {
    AWS_ACCESS_KEY_ID: KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
    AWS_ENDPOINT_URL: aws.url,
  };
  directory = await mkdtemp(join(tmpdir(), "piggy-laptop-"));
});
afterAll(async () => {
  await aws.stop();
  await rm(directory, { recursive: true });
});

describe("options stand in for the variables that a webhook would write", () => {
  const start = async (options: readonly string[], environment = {}) =>
    run([...options, "--", await probe()], { DB: "piggy:PASSWORD", ...credentials, ...environment });

  test.each([
    ["--secret", ["--secret", "myapp/dev"], "hush"],
    ["--path", ["--path=/myapp/dev"], "parameter"],
  ])("%s", async (_option, where, value) => {
    const outcome = await start(["--standalone", ...where, "--region", "eu-west-1"]);
    expect(outcome.started().environment).toContain(`DB=${value}`);
  });

  test("a variable wins over its option", async () => {
    const options = ["--standalone", "--secret", "no/such", "--region", "eu-west-1"];
    const outcome = await start(options, { PIGGY_AWS_SECRET_NAME: "myapp/dev" });
    expect(outcome.started().environment).toContain("DB=hush");
  });
});

test("--version and --help are for reading, and end well", async () => {
  expect(await run(["--version"])).toMatchObject({
    exitCode: 0,
    stdout: `piggy-env ${version}\n`,
    stderr: "",
  });
  const { exitCode, stdout } = await run(["--help"]);
  expect(exitCode).toBe(0);
  for (const word of ["--standalone", "--secret", "--path", "--region", "install"])
    expect(stdout).toContain(word);
});

describe("the reason of an end is the container's termination message", () => {
  const fail = async (file: string) =>
    run(["--", await probe()], { A: "piggy:KEY", PIGGY_ADDRESS: "nowhere", PIGGY_TERMINATION_LOG: file });

  test.each(["termination-log", "begründung"])("in the file that the kubelet made, %s", async (name) => {
    const file = join(directory, name);
    await writeFile(file, "what a container before it left, which is longer than what comes ".repeat(20));
    const outcome = await fail(file);
    expect(outcome.exitCode).toBe(125);
    expect(await readFile(file, "utf8")).toBe(onlyLine(outcome).message);
  });

  test("where there is no such file, none is made", async () => {
    const file = join(directory, "absent");
    expect((await fail(file)).exitCode).toBe(125);
    expect(await Bun.file(file).exists()).toBe(false);
  });
});

test("PIGGY_DEBUG tells when each stage of the start was reached, in order", async () => {
  const outcome = await run(
    ["--standalone", "--secret", "myapp/dev", "--region", "eu-west-1", "--", await probe()],
    {
      DB: "piggy:PASSWORD",
      PIGGY_DEBUG: "true",
      ...credentials,
    },
  );
  const [line] = outcome.log();
  expect(line).toMatchObject({ level: "debug", message: "timeline in milliseconds" });
  const times = ["start", "references", "answer", "exec"].map((stage) =>
    Number(Reflect.get(line ?? {}, stage)),
  );
  expect(times.every((time) => time > 0)).toBe(true);
  expect(times.toSorted((a, b) => a - b)).toEqual(times);
});
