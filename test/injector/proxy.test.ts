/** The main job, end to end: what a container with references is started with, and when it is not started at all. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProxy } from "../fakes/proxy.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  ACCOUNT,
  addAccounts,
  type ContainerManifest,
  NAMESPACE,
  putSecret,
  SECRET,
  STRANGER,
  type StartedContainer,
  startContainer,
} from "./containers.ts";
import { type LogLine, type Outcome, onlyLine, runArgv } from "./piggy-env.ts";

const PASSWORD = "s3cret-of-the-sample";
const OTHER = "an0ther-secret";

let world: World;
let directory: string;
beforeAll(async () => {
  world = await startWorld();
  addAccounts(world);
  directory = await mkdtemp(join(tmpdir(), "piggy-proxy-"));
});
beforeEach(() => putSecret(world, { PASSWORD, OTHER, PORT: 5432, ABSENT: null }));
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

const start = (manifest: ContainerManifest) => startContainer(world, manifest);
const variables = ({ stdout }: { readonly stdout: string }) => {
  const { environment } = parseProbe(stdout);
  return Object.fromEntries(
    environment.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
};
const askedKeys = () => world.aws.requests.filter(({ action }) => action === "GetSecretValue").length;

function linesOf(stderr: string): readonly LogLine[] {
  return stderr
    .split("\n")
    .slice(0, -1)
    .map((line): LogLine => JSON.parse(line));
}

describe("a container's references", () => {
  test("are its secret's values when it starts, and nothing of Piggy's is left", async () => {
    const env = { DB_PASSWORD: "piggy:PASSWORD", DB_PORT: "piggy:PORT", MODE: "production" };
    const run = await start({ env });
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(variables(run)).toEqual({ DB_PASSWORD: PASSWORD, DB_PORT: "5432", MODE: "production" });
  });

  test("change with the secret", async () => {
    const before = await start({ env: { A: "piggy:PASSWORD" } });
    putSecret(world, { PASSWORD: "rotated" });
    const after = await start({ env: { A: "piggy:PASSWORD" } });
    expect([variables(before)["A"], variables(after)["A"]]).toEqual([PASSWORD, "rotated"]);
  });

  test("may be written in any case, and with line breaks at their end", async () => {
    const env = {
      A: "PIGGY:PASSWORD",
      B: "PigGy:PASSWORD",
      C: "piggy:PASSWORD\n",
      D: "piggy:PASSWORD\r\n\n",
    };
    expect(variables(await start({ env }))).toEqual({ A: PASSWORD, B: PASSWORD, C: PASSWORD, D: PASSWORD });
  });

  test("may be values of every kind and script", async () => {
    const values = { EMPTY: "", LINES: "a\nb\n", SCRIPTS: "Пароль 密码 🔑", QUOTES: `'"\\$(A) $$` };
    putSecret(world, values);
    const env = Object.fromEntries(Object.keys(values).map((name) => [name, `piggy:${name}`]));
    const { variable } = parseProbe((await start({ env })).stdout);
    expect(Object.fromEntries(Object.keys(values).map((name) => [name, variable(name)]))).toEqual(values);
  });

  test("may have any key", async () => {
    const values = { "a key: with = all/of it": "1", constructor: "2", __proto___: "3", "": "4" };
    putSecret(world, values);
    const env = {
      A: "piggy:a key: with = all/of it",
      B: "piggy:constructor",
      C: "piggy:__proto___",
      D: "piggy:",
    };
    expect(variables(await start({ env }))).toEqual({ A: "1", B: "2", C: "3", D: "4" });
  });

  test("may have a key of any script", async () => {
    putSecret(world, { "ключ 🔑": "1", née: "2" });
    const env = { A: "piggy:ключ 🔑", B: `<\${piggy:née}>` };
    const run = await start({ env });
    expect(run.stderr).toBe("");
    expect(variables(run)).toEqual({ A: "1", B: "<2>" });
    const { references } = await askedByStub(env);
    expect(references).toEqual(["ключ 🔑", "née"]);
  });

  test("have their defaults where the secret is not there, whatever stands beside them", async () => {
    const annotations = { "piggysec.com/aws-secret-name": "no/such" };
    const optional = { A: `\${piggy:PASSWORD:-none}`, B: `<\${piggy:PORT:-}>` };
    const alone = await start({ env: optional, annotations });
    expect([variables(alone), alone.stderr]).toEqual([{ A: "none", B: "<>" }, ""]);
    const beside = await start({ env: { ...optional, C: `piggy://sm/${SECRET}#/PASSWORD` }, annotations });
    expect(variables(beside)).toEqual({ A: "none", B: "<>", C: PASSWORD });
  });

  test("may stand within a value, as often as wanted and with a default", async () => {
    const env = {
      URL: `pg://u:\${piggy:PASSWORD}@db:\${piggy:PORT}`,
      GONE: `<\${piggy:GONE:-default}>`,
      // The kubelet takes two dollars for one, and piggy-env again.
      TEXT: `$$$\${piggy:PASSWORD}`,
      AFTER_A_DOLLAR: `$$$$$\${piggy:PASSWORD}`,
    };
    const run = await start({ env });
    expect(run.stderr).toBe("");
    expect(variables(run)).toEqual({
      URL: `pg://u:${PASSWORD}@db:5432`,
      GONE: "<default>",
      TEXT: `\${piggy:PASSWORD}`,
      AFTER_A_DOLLAR: `$${PASSWORD}`,
    });
  });

  test("are expanded in its arguments after they are resolved", async () => {
    const args = ["--password=$(DB_PASSWORD)", "$$(DB_PASSWORD)", "$(NOT_SET)", "plain"];
    const run = await start({ env: { DB_PASSWORD: "piggy:PASSWORD" }, args });
    expect(run.stderr).toBe("");
    const expected = [`--password=${PASSWORD}`, "$(DB_PASSWORD)", "$(NOT_SET)", "plain"];
    expect(parseProbe(run.stdout).argv.slice(1)).toEqual(expected);
  });

  test("are given to a command of any script", async () => {
    const args = ["--grüß", "密码 🔑", "Пароль=$(A)"];
    const run = await start({ env: { A: "piggy:PASSWORD" }, args });
    expect(run.stderr).toBe("");
    const { argv } = parseProbe(run.stdout);
    const texts = argv.slice(1).map((bytes) => Buffer.from(bytes, "latin1").toString("utf8"));
    expect(texts).toEqual(["--grüß", "密码 🔑", `Пароль=${PASSWORD}`]);
  });

  test("to the same key are asked for once", async () => {
    const { references } = await askedByStub({ A: "piggy:PASSWORD", B: "piggy:PASSWORD", C: "piggy:OTHER" });
    expect(references).toEqual(["PASSWORD", "OTHER"]);
    const before = askedKeys();
    await start({ env: { A: "piggy:PASSWORD", B: "piggy:PASSWORD", C: "piggy:OTHER" } });
    expect(askedKeys()).toBe(before + 1);
  });

  test("come from a parameter path when the Pod names one", async () => {
    world.aws.putParameter({
      region: REGION,
      name: "/demo/app/PASSWORD",
      value: "of-ssm",
      type: "SecureString",
    });
    const annotations = { "piggysec.com/aws-ssm-parameter-path": "/demo/app" };
    expect(variables(await start({ env: { A: "piggy:PASSWORD" }, annotations }))).toEqual({ A: "of-ssm" });
  });
});

/** The body that piggy-env sends for these variables. */
async function askedByStub(env: Readonly<Record<string, string>>) {
  const { startStubWebhook } = await import("./stub-webhook.ts");
  const stub = startStubWebhook({ answer: () => Response.json({ PASSWORD, OTHER }) });
  try {
    const admitted = await start({ env });
    const environment = { ...admitted.environment, PIGGY_ADDRESS: `http://127.0.0.1:${stub.port}` };
    await runArgv(admitted.argv, { ...environment, PIGGY_SERVICE: undefined });
    expect(stub.requests).toMatchObject([{ method: "POST", path: "/secret" }]);
    const body: Record<string, unknown> = JSON.parse(stub.requests[0]?.body ?? "");
    return body;
  } finally {
    await stub.stop();
  }
}

describe("a container does not start, exits with 125 and says why in one line", () => {
  let admitted: StartedContainer;
  let other: StartedContainer;
  beforeAll(async () => {
    putSecret(world, { PASSWORD, OTHER });
    admitted = await start({ env: { DB_PASSWORD: "piggy:PASSWORD" } });
    other = await start({ env: { DB_PASSWORD: "piggy:PASSWORD" } });
    expect(admitted.exitCode).toBe(0);
  });

  /** Starts the admitted container again, with something changed. */
  const again = (
    environment: Readonly<Record<string, string | undefined>>,
    argv: readonly string[] = admitted.argv,
  ) => runArgv(argv, { ...admitted.environment, ...environment });

  function expectRefused(outcome: Pick<Outcome, "exitCode" | "stdout" | "stderr">): LogLine {
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    for (const secret of [PASSWORD, OTHER]) expect(outcome.stderr).not.toContain(secret);
    const line = onlyLine({ stderr: outcome.stderr, log: () => linesOf(outcome.stderr) });
    expect(line.level).toBe("fatal");
    expect(line.message).toContain("DB_PASSWORD");
    return line;
  }

  /** Whoever asks is not told why; the webhook's audit line of the request says it, and so that it was for this and nothing else. */
  async function expectDenied(outcome: Parameters<typeof expectRefused>[0], reason: string): Promise<void> {
    const { code, message } = expectRefused(outcome);
    expect(code).toBe("not_allowed");
    const [, id] = /decision not allowed \(request ([0-9a-f-]+)\)/.exec(message) ?? [];
    expect(id).toBeDefined();
    const line = await world.webhook.logged(({ request }) => request === id);
    expect(line).toMatchObject({ decision: "denied", reason: expect.stringContaining(reason) });
  }

  /** A file with a token of the sample's service account. */
  async function tokenFile(options: { audience?: string; pod?: StartedContainer }): Promise<string> {
    const token = await world.kubernetes.token({
      namespace: NAMESPACE,
      serviceAccount: ACCOUNT,
      ...(options.audience === undefined ? {} : { audiences: [options.audience] }),
      ...(options.pod === undefined
        ? {}
        : { pod: { name: options.pod.pod.metadata.name, uid: options.pod.pod.metadata.uid } }),
    });
    const file = join(directory, crypto.randomUUID());
    await writeFile(file, token);
    return file;
  }

  test("unchanged it starts again, so that what follows is the change's doing", async () => {
    const outcome = await again({
      PIGGY_TOKEN_FILE: await tokenFile({ audience: "piggysec.com", pod: admitted }),
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    expect(variables(outcome)).toEqual({ DB_PASSWORD: PASSWORD });
  });

  test("for a key that the secret does not have", async () => {
    const line = expectRefused(await start({ env: { FINE: "piggy:OTHER", DB_PASSWORD: "piggy:NO_SUCH" } }));
    expect(line.code).toBe("reference_unresolved");
    expect(line.message).toContain('DB_PASSWORD: "piggy:NO_SUCH" is unresolved');
    expect(line.message).toContain(`secret ${SECRET} in ${REGION} has no key "NO_SUCH"`);
  });

  test("for a misspelt key, with the name that it may have been meant to be", async () => {
    const line = expectRefused(await start({ env: { DB_PASSWORD: "piggy:PASWORD", B: "piggy:OTHER" } }));
    expect(line.code).toBe("reference_unresolved");
    expect(line.message).toMatch(
      / has no key "PASWORD" in version [0-9a-f-]{36}: the nearest is "PASSWORD"\.$/,
    );
  });

  test("for a key whose value is null", async () => {
    const line = expectRefused(await start({ env: { DB_PASSWORD: "piggy:ABSENT" } }));
    expect(line.code).toBe("reference_unresolved");
  });

  test("for several, naming them all", async () => {
    const env = { DB_PASSWORD: "piggy:NO_SUCH", OTHER_NAME: "piggy:NEITHER", FINE: "piggy:PASSWORD" };
    const { message } = expectRefused(await start({ env }));
    expect(message).toContain("OTHER_NAME");
    expect(message).not.toContain("FINE");
  });

  test("for the policy that stands inside the secret", async () => {
    putSecret(world, { PASSWORD, PIGGY_ALLOWED_SA: `${NAMESPACE}:${ACCOUNT}` });
    const line = expectRefused(await start({ env: { DB_PASSWORD: "piggy:PIGGY_ALLOWED_SA" } }));
    expect(line.code).toBe("reference_unresolved");
  });

  test("for an unknown secret", async () => {
    const annotations = { "piggysec.com/aws-secret-name": "no/such" };
    const line = expectRefused(await start({ env: { DB_PASSWORD: "piggy:PASSWORD" }, annotations }));
    expect(line.code).toBe("secret_not_found");
    expect(line.message).toContain('DB_PASSWORD: "piggy:PASSWORD" is unresolved: secret no/such');
    expect(line.message).toMatch(/can't find the specified secret.* \(request [\w-]+\)\.$/);
  });

  test("for a service account that PIGGY_ALLOWED_SA does not name", async () => {
    putSecret(world, { PASSWORD, PIGGY_ALLOWED_SA: `${NAMESPACE}:${ACCOUNT}` });
    const allowed = await start({ env: { DB_PASSWORD: "piggy:PASSWORD" } });
    expect(variables(allowed)).toEqual({ DB_PASSWORD: PASSWORD });
    const env = { DB_PASSWORD: "piggy:PASSWORD" };
    const refused = await start({ env, serviceAccount: STRANGER });
    await expectDenied(refused, `PIGGY_ALLOWED_SA does not name ${NAMESPACE}:${STRANGER}`);
  });

  test("with a token for another audience", async () => {
    const file = await tokenFile({ audience: "https://elsewhere.example", pod: admitted });
    await expectDenied(await again({ PIGGY_TOKEN_FILE: file }), "invalid for the target audiences");
  });

  test("with the Pod's default token in place of its own", async () => {
    const file = await tokenFile({ pod: admitted });
    await expectDenied(
      await again({ PIGGY_TOKEN_FILE: file }),
      "a default token for a Pod that has a token of its own",
    );
  });

  test("with a token that is bound to no Pod", async () => {
    const file = await tokenFile({ audience: "piggysec.com" });
    await expectDenied(await again({ PIGGY_TOKEN_FILE: file }), "bound to no Pod");
  });

  test("with the token of another Pod", async () => {
    const file = await tokenFile({ audience: "piggysec.com", pod: other });
    await expectDenied(await again({ PIGGY_TOKEN_FILE: file }), "bound to Pod");
    const asThatPod = { PIGGY_TOKEN_FILE: file, PIGGY_POD_NAME: other.pod.metadata.name };
    await expectDenied(await again(asThatPod), "has this uid");
  });

  test("with a token that is none", async () => {
    const file = join(directory, "müll");
    await writeFile(file, "not a token");
    await expectDenied(await again({ PIGGY_TOKEN_FILE: file }), "not a JWT");
  });

  test("without the token's file", async () => {
    for (const name of ["absent", "nicht-da-ä"]) {
      const line = expectRefused(await again({ PIGGY_TOKEN_FILE: join(directory, name) }));
      expect(line.code).toBe("token_missing");
      expect(line.message).toContain(join(directory, name));
    }
  });

  test("as an older webhook starts it, without the service account's own token", async () => {
    const line = expectRefused(await again({ PIGGY_TOKEN_FILE: undefined }));
    expect(line.code).toBe("token_missing");
    expect(line.message).toContain("/var/run/secrets/kubernetes.io/serviceaccount/token");
  });

  test("with another uid, or none", async () => {
    for (const uid of ["0".repeat(32), "", undefined, "constructor"]) {
      await expectDenied(await again({ PIGGY_UID: uid }), "has this uid");
    }
  });

  test("with another command, or arguments more, less, or joined", async () => {
    const withArguments = await start({ env: { DB_PASSWORD: "piggy:PASSWORD" }, args: ["a b", "c"] });
    expect(withArguments.exitCode).toBe(0);
    const [program = "", separator = "", command = ""] = withArguments.argv;
    const changed = [
      ["/bin/echo", "a b", "c"],
      [command, "a b", "c", "d"],
      [command, "a b"],
      [command, "a", "b", "c"],
      [command, "a b c"],
    ];
    for (const argv of changed) {
      const outcome = await runArgv([program, separator, ...argv], withArguments.environment);
      await expectDenied(outcome, "the command is not the one that was admitted");
    }
  });

  test("when nobody listens at the webhook's address", async () => {
    const environment = {
      PIGGY_ADDRESS: "https://127.0.0.1:1",
      PIGGY_SERVICE: undefined,
      PIGGY_DEADLINE: "0s",
    };
    const line = expectRefused(await again(environment));
    expect(line.code).toBe("webhook_unreachable");
    expect(line.message).toContain("https://127.0.0.1:1");
  });

  test.each(["", "not a url"])("when the webhook's address is %j", async (address) => {
    const line = expectRefused(await again({ PIGGY_ADDRESS: address }));
    expect(line.code).toBe("usage");
    expect(line.message).toContain("PIGGY_ADDRESS");
  });

  test.each(["localhost:PORT", "ftp://localhost:PORT"])("when its scheme is another: %s", async (address) => {
    const { startStubWebhook } = await import("./stub-webhook.ts");
    const stub = startStubWebhook({ answer: () => Response.json({ PASSWORD }) });
    try {
      const PIGGY_ADDRESS = address.replace("PORT", String(stub.port));
      const line = expectRefused(await again({ PIGGY_ADDRESS, PIGGY_SERVICE: undefined }));
      expect(line.code).toBe("usage");
      expect(line.message).toContain("https://");
      expect(stub.requests).toEqual([]);
    } finally {
      await stub.stop();
    }
  });

  test("when AWS is down, in the webhook's own words", async () => {
    const answer = { status: 500, code: "InternalServiceError" };
    const outage = world.aws.disturb({ action: "GetSecretValue", answer });
    const failed = expectRefused(await again({ PIGGY_DEADLINE: "0s" }).finally(outage.end));
    expect(failed.code).toBe("webhook_unavailable");
    expect(failed.message).toContain("503 aws_unavailable: ");
  });
});

describe("with piggy-ignore-no-env", () => {
  const annotations = { "piggysec.com/piggy-ignore-no-env": "true" };

  test("the container starts with the literal, the others resolved, and a warning", async () => {
    const env = { A: "piggy:PASSWORD", B: "piggy:NO_SUCH" };
    const run = await start({ env, annotations });
    expect(run.exitCode).toBe(0);
    expect(variables(run)).toEqual({ A: PASSWORD, B: "piggy:NO_SUCH" });
    const [line, ...others] = linesOf(run.stderr);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: "warn", code: "reference_unresolved" });
    expect(line?.message).toContain('B: "piggy:NO_SUCH"');
    expect(run.stderr).not.toContain(PASSWORD);
  });

  test("the container starts although it may have nothing at all", async () => {
    putSecret(world, { PASSWORD, PIGGY_ALLOWED_SA: "somebody:else" });
    const run = await start({ env: { A: "piggy:PASSWORD" }, annotations });
    expect(variables(run)).toEqual({ A: "piggy:PASSWORD" });
    expect(linesOf(run.stderr)).toMatchObject([{ level: "warn", code: "not_allowed" }]);
  });
});

test("the proxy that the application is to use is not asked for the webhook", async () => {
  const proxy = startProxy();
  try {
    const env = Object.fromEntries(
      ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"].map((name) => [
        name,
        proxy.url,
      ]),
    );
    const run = await start({ env: { A: "piggy:PASSWORD", ...env } });
    expect(run.stderr).toBe("");
    expect(variables(run)).toEqual({ A: PASSWORD, ...env });
    expect(proxy.requests).toEqual([]);
  } finally {
    await proxy.stop();
  }
});

test("the webhook's own output has the decisions, and no value", () => {
  const output = world.webhook.output();
  expect(output).toContain('"decision":"allowed"');
  for (const secret of [PASSWORD, OTHER]) expect(output).not.toContain(secret);
});
