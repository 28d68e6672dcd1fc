/** Standalone mode: the container's own identity, AWS itself, no webhook. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type KubernetesFake, startKubernetes } from "../fakes/kubernetes.ts";
import { piggyEnv } from "../support/programs.ts";
import { type Outcome, onlyLine, probe, run, runExactly } from "./piggy-env.ts";

const REGION = "eu-west-1";
const SECRET = "demo/app";
const VALUE = "the-value-itself";
const KEYS = { accessKeyId: "AKIACONTAINER", secretAccessKey: "container/secret+key" };
const SESSION = {
  accessKeyId: "ASIACONTAINER",
  secretAccessKey: "temporary/secret",
  sessionToken: "session+token/==",
};
const ROLE = "arn:aws:iam::111122223333:role/demo-reader";

let aws: AwsFake;
beforeEach(async () => {
  aws = await startAws();
  aws.addUser(KEYS);
  aws.addUser(SESSION);
  aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ KEY: VALUE, COUNT: 3 }) });
});
afterEach(() => aws.stop());

type Environment = Readonly<Record<string, string | undefined>>;

const keyVariables = (): Environment => ({
  AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
});

/** Runs the probe as a container that the webhook has made standalone. */
async function start(environment: Environment, options: readonly string[] = []): Promise<Outcome> {
  return run([...options, "--", await probe()], {
    A: "piggy:KEY",
    AWS_ENDPOINT_URL: aws.url,
    PIGGY_STANDALONE: "true",
    PIGGY_AWS_SECRET_NAME: SECRET,
    PIGGY_AWS_REGION: REGION,
    ...environment,
  });
}

async function expectValue(value: string, environment: Environment, options: readonly string[] = []) {
  const outcome = await start(environment, options);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
  expect(outcome.started().variable("A")).toBe(value);
}

async function expectRefused(environment: Environment, code: string, ...says: readonly string[]) {
  const outcome = await start(environment);
  expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
  const line = onlyLine(outcome);
  expect(line).toMatchObject({ level: "fatal", code });
  expect(line.message).toContain('A: "piggy:KEY" is unresolved: ');
  for (const text of says) expect(line.message).toContain(text);
  expect(line.message).not.toEndWith("..");
  const credentials = [KEYS.secretAccessKey, SESSION.secretAccessKey, SESSION.sessionToken, VALUE];
  for (const secret of credentials) expect(outcome.stderr).not.toContain(secret);
}

describe("a reference is resolved", () => {
  test("with keys of the environment, in front of which their names stand without a value", async () => {
    const own = { PIGGY_STANDALONE: "true", PIGGY_AWS_SECRET_NAME: SECRET, PIGGY_AWS_REGION: REGION };
    const environment = { A: "piggy:KEY", AWS_ENDPOINT_URL: aws.url, ...keyVariables(), ...own };
    const entries = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const argv = [await piggyEnv(), "--", await probe()];
    const outcome = await runExactly(argv, ["AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", ...entries]);
    expect(outcome.stderr).toBe("");
    expect(outcome.started().variable("A")).toBe(VALUE);
  });

  test("with keys of the environment, which stay the application's", async () => {
    const outcome = await start({ ...keyVariables(), AWS_REGION: "us-west-2" });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    expect([...outcome.started().environment].sort()).toEqual([
      `A=${VALUE}`,
      `AWS_ACCESS_KEY_ID=${KEYS.accessKeyId}`,
      `AWS_ENDPOINT_URL=${aws.url}`,
      "AWS_REGION=us-west-2",
      `AWS_SECRET_ACCESS_KEY=${KEYS.secretAccessKey}`,
    ]);
  });

  test("with temporary keys and their session token", async () => {
    await expectValue(VALUE, {
      AWS_ACCESS_KEY_ID: SESSION.accessKeyId,
      AWS_SECRET_ACCESS_KEY: SESSION.secretAccessKey,
      AWS_SESSION_TOKEN: SESSION.sessionToken,
    });
  });

  test("by --standalone, without the variable", async () => {
    await expectValue(VALUE, { ...keyVariables(), PIGGY_STANDALONE: undefined }, ["--standalone"]);
  });

  test.each(["1", "t", "T", "TRUE", "True"])("where PIGGY_STANDALONE is %s", async (yes) => {
    await expectValue(VALUE, { ...keyVariables(), PIGGY_STANDALONE: yes });
  });

  test("to the secret's value as it is now", async () => {
    await expectValue(VALUE, keyVariables());
    aws.putSecret({ region: REGION, name: SECRET, value: '{"KEY":"rotated"}' });
    await expectValue("rotated", keyVariables());
  });

  test("to JSON text where the value is no string", async () => {
    const value = '{"N":12345678901234567890,"T":true,"O":{"a":[1.0]},"B":""}';
    aws.putSecret({ region: REGION, name: "kinds", value });
    const references = { A: "piggy:N", B: "piggy:T", C: "piggy:O", D: "piggy:B" };
    const outcome = await start({ ...keyVariables(), ...references, PIGGY_AWS_SECRET_NAME: "kinds" });
    const { variable } = outcome.started();
    expect(["A", "B", "C", "D"].map(variable)).toEqual(["12345678901234567890", "true", '{"a":[1.0]}', ""]);
  });

  test("from the version that a stage or an id names", async () => {
    const { versionId } = aws.putSecret({ region: REGION, name: "versions", value: '{"KEY":"first"}' });
    aws.putSecret({ region: REGION, name: "versions", value: '{"KEY":"second"}' });
    const environment = { ...keyVariables(), PIGGY_AWS_SECRET_NAME: "versions" };
    await expectValue("second", environment);
    await expectValue("second", { ...environment, PIGGY_AWS_SECRET_VERSION: "AWSCURRENT" });
    await expectValue("first", { ...environment, PIGGY_AWS_SECRET_VERSION: "AWSPREVIOUS" });
    await expectValue("first", { ...environment, PIGGY_AWS_SECRET_VERSION: versionId });
  });

  test.each(["terraform-20240611093512345600000001", "terraform-2024061109351234560000000f"])(
    "from the version that Terraform's provider made: %s",
    async (versionId) => {
      aws.putSecret({ region: REGION, name: "versions", value: '{"KEY":"first"}', versionId });
      aws.putSecret({ region: REGION, name: "versions", value: '{"KEY":"second"}' });
      const environment = { ...keyVariables(), PIGGY_AWS_SECRET_NAME: "versions" };
      await expectValue("first", { ...environment, PIGGY_AWS_SECRET_VERSION: versionId });
    },
  );

  test.each(["terraform-2024", "a-release-of-the-year-2024-and-of-no-other"])(
    "from the version of a staging label, however long: %s",
    async (label) => {
      await start({ ...keyVariables(), PIGGY_AWS_SECRET_VERSION: label });
      expect(aws.requests).toMatchObject([{ input: { SecretId: SECRET, VersionStage: label } }]);
    },
  );

  test("by the secret's ARN", async () => {
    const { arn } = aws.putSecret({ region: REGION, name: "by/arn", value: '{"KEY":"of the ARN"}' });
    await expectValue("of the ARN", { ...keyVariables(), PIGGY_AWS_SECRET_NAME: arn });
  });

  test("from a path of 25 parameters, each decrypted", async () => {
    const names = Array.from({ length: 25 }, (_, index) => `P${index}`);
    for (const name of names) {
      aws.putParameter({
        region: REGION,
        name: `/demo/app/${name}`,
        value: `of ${name}`,
        type: "SecureString",
      });
    }
    const outcome = await start({
      ...Object.fromEntries(names.map((name) => [name, `piggy:${name}`])),
      ...keyVariables(),
      A: "piggy:P0",
      PIGGY_AWS_SSM_PARAMETER_PATH: "/demo/app",
    });
    expect(outcome.stderr).toBe("");
    const { variable } = outcome.started();
    expect(names.map(variable)).toEqual(names.map((name) => `of ${name}`));
    expect(aws.requests.map(({ action }) => action)).toEqual(Array(3).fill("GetParametersByPath"));
  });

  test("from the shallowest of the parameters of a path whose names end alike, wherever it is listed", async () => {
    for (const name of ["A/B/KEY", "KEY", "old/KEY"]) {
      aws.putParameter({ region: REGION, name: `/demo/app/${name}`, value: `of ${name}` });
    }
    await expectValue("of KEY", { ...keyVariables(), PIGGY_AWS_SSM_PARAMETER_PATH: "/demo/app" });
  });

  test.each<Environment>([{}, { B: "piggy://sm/beside" }])(
    "to its default where the secret is not there, whatever stands beside it: %j",
    async (others) => {
      aws.putSecret({ region: REGION, name: "beside", value: VALUE });
      const environment = { ...keyVariables(), ...others, A: `\${piggy:KEY:-default}` };
      await expectValue("default", { ...environment, PIGGY_AWS_SECRET_NAME: "no/such" });
    },
  );

  test("once for a secret, whatever the number of references", async () => {
    await expectValue(VALUE, { ...keyVariables(), B: "piggy:KEY", C: "piggy:COUNT" });
    expect(aws.requests).toHaveLength(1);
  });

  test.each(["AWS_REGION", "AWS_DEFAULT_REGION"])(
    "in %s where the webhook names no region",
    async (variable) => {
      await expectValue(VALUE, { ...keyVariables(), PIGGY_AWS_REGION: undefined, [variable]: REGION });
    },
  );

  test("at the service's own endpoint", async () => {
    const endpoints = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url };
    await expectValue(VALUE, { ...keyVariables(), ...endpoints });
    aws.putParameter({ region: REGION, name: "/demo/app/KEY", value: "of the path" });
    await expectValue("of the path", {
      ...keyVariables(),
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_ENDPOINT_URL_SSM: aws.url,
      PIGGY_AWS_SSM_PARAMETER_PATH: "/demo/app",
    });
  });

  test("after a throttled try, when another is allowed", async () => {
    aws.failNext({ action: "GetSecretValue", times: 1, status: 400, code: "ThrottlingException" });
    const outcome = await start({ ...keyVariables(), PIGGY_NUMBER_OF_RETRY: "1" });
    expect(outcome.started().variable("A")).toBe(VALUE);
    expect(outcome.log()).toMatchObject([
      { level: "warn", message: expect.stringContaining("ThrottlingException") },
    ]);
    expect(aws.requests).toHaveLength(2);
  });
});

describe("the container does not start, exits with 125 and says why in one line", () => {
  test("without credentials", async () => {
    await expectRefused({}, "credentials_missing", "no AWS credentials");
    expect(aws.requests).toEqual([]);
  });

  test("with an access key and no secret key", async () => {
    await expectRefused({ AWS_ACCESS_KEY_ID: KEYS.accessKeyId }, "credentials_missing", "no AWS credentials");
  });

  test("with a secret key that is not the access key's", async () => {
    const wrong = { ...keyVariables(), AWS_SECRET_ACCESS_KEY: SESSION.secretAccessKey };
    const says = ["InvalidSignatureException", "the secret access key is not the access key's"];
    await expectRefused(wrong, "aws_credentials_refused", ...says);
  });

  test("with temporary keys without their session token", async () => {
    const environment = {
      AWS_ACCESS_KEY_ID: SESSION.accessKeyId,
      AWS_SECRET_ACCESS_KEY: SESSION.secretAccessKey,
    };
    const says = ["UnrecognizedClientException", "or its session token, is not valid"];
    await expectRefused(environment, "aws_credentials_refused", ...says);
  });

  test("when no policy allows it", async () => {
    aws.addUser({ ...KEYS, allow: [] });
    await expectRefused(
      keyVariables(),
      "aws_access_denied",
      `User: arn:aws:iam::111122223333:user/${KEYS.accessKeyId} is not authorized`,
      `allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:${REGION}:111122223333:secret:${SECRET}-??????` +
        ` to the user ${KEYS.accessKeyId} of account 111122223333`,
    );
  });

  test("for a secret that is marked for deletion, whatever default the reference has", async () => {
    aws.deleteSecret({ region: REGION, name: SECRET });
    const outcome = await start({ ...keyVariables(), A: `\${piggy:KEY:-default}` });
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    expect(onlyLine(outcome)).toMatchObject({
      code: "secret_deleted",
      message: expect.stringContaining("restore it"),
    });
  });

  test("for a KMS key that may not be used", async () => {
    aws.putSecret({ region: REGION, name: SECRET, value: `{"KEY":"${VALUE}"}`, kmsDenied: true });
    await expectRefused(keyVariables(), "aws_kms_denied", "Access to KMS is not allowed", "kms:Decrypt");
  });

  test("for an unknown secret", async () => {
    const environment = { ...keyVariables(), PIGGY_AWS_SECRET_NAME: "no/such" };
    const says =
      "it is named by piggysec.com/aws-secret-name or --secret, its region by piggysec.com/aws-region";
    await expectRefused(environment, "secret_not_found", "secret no/such", REGION, says);
  });

  test("for a secret of another region", async () => {
    const environment = { ...keyVariables(), PIGGY_AWS_REGION: "us-east-1" };
    await expectRefused(environment, "secret_not_found", "us-east-1");
  });

  test("for a key that the secret does not have", async () => {
    const value = `{"OTHER":"${VALUE}","KEYS":"${VALUE}","key":"${VALUE}"}`;
    const { versionId } = aws.putSecret({ region: REGION, name: SECRET, value });
    await expectRefused(
      keyVariables(),
      "reference_unresolved",
      `secret ${SECRET} in ${REGION} has no key "KEY" in version ${versionId}: the nearest are "key", "KEYS".`,
    );
  });

  test.each<Environment>([{}, { B: "piggy://sm/own" }])(
    "for a setting of Piggy's own that stands in the secret, whatever is asked for beside it: %j",
    async (others) => {
      aws.putSecret({ region: REGION, name: "own", value: VALUE });
      aws.putSecret({ region: REGION, name: SECRET, value: `{"PIGGY_ALLOWED_SA":"${VALUE}","KEY":"1"}` });
      const outcome = await start({ ...keyVariables(), ...others, C: "piggy:PIGGY_ALLOWED_SA" });
      expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
      const { code, message } = onlyLine(outcome);
      expect(code).toBe("reference_unresolved");
      expect(message).toStartWith(
        'C: "piggy:PIGGY_ALLOWED_SA" is unresolved: "PIGGY_ALLOWED_SA" is a setting of Piggy\'s own',
      );
      expect(outcome.stderr).not.toContain(VALUE);
      const optional = await start({ ...keyVariables(), ...others, C: `\${piggy:PIGGY_ALLOWED_SA:-none}` });
      expect(optional.started().variable("C")).toBe("none");
    },
  );

  test("for a key of that secret beside a secret of its own", async () => {
    aws.putSecret({ region: REGION, name: SECRET, value: `{"KEYS":"${VALUE}"}` });
    aws.putSecret({ region: REGION, name: "own", value: VALUE });
    const environment = { ...keyVariables(), B: "piggy://sm/own" };
    await expectRefused(environment, "reference_unresolved", 'has no key "KEY"', 'the nearest is "KEYS".');
  });

  test("for a secret that is no JSON object", async () => {
    aws.putSecret({ region: REGION, name: SECRET, value: VALUE });
    await expectRefused(keyVariables(), "secret_not_keyed", SECRET);
  });

  test("for a path that has no such parameter", async () => {
    const environment = { ...keyVariables(), PIGGY_AWS_SSM_PARAMETER_PATH: "/none" };
    const says = [
      `parameter path /none in ${REGION}: there is no parameter below it`,
      "aws-ssm-parameter-path",
    ];
    await expectRefused(environment, "secret_not_found", ...says);
    aws.putParameter({ region: REGION, name: "/some/KEYS", value: VALUE });
    await expectRefused(
      { ...environment, PIGGY_AWS_SSM_PARAMETER_PATH: "/some" },
      "reference_unresolved",
      `parameter path /some in ${REGION} has no key "KEY": the nearest is "KEYS".`,
    );
  });

  test("for a key that two parameters of a path may be, equally deep, whatever default the reference has", async () => {
    for (const name of ["/some/a/KEY", "/some/b/KEY", "/some/c/deep/KEY"]) {
      aws.putParameter({ region: REGION, name, value: VALUE });
    }
    const says =
      '"KEY" may mean the parameter /some/a/KEY or /some/b/KEY: name the one by piggy://ssm/some/a/KEY';
    const environment = { ...keyVariables(), PIGGY_AWS_SSM_PARAMETER_PATH: "/some" };
    await expectRefused(environment, "key_ambiguous", says);
    const outcome = await start({ ...environment, A: `\${piggy:KEY:-default}` });
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    expect(onlyLine(outcome).code).toBe("key_ambiguous");
  });

  test.each(["eu-west", "eu-west-1.evil.example", "EU-WEST-1", "localhost/x"])(
    "for the region %j",
    async (region) => {
      await expectRefused({ ...keyVariables(), PIGGY_AWS_REGION: region }, "region_invalid", region);
      expect(aws.requests).toEqual([]);
    },
  );

  test("without any region", async () => {
    await expectRefused({ ...keyVariables(), PIGGY_AWS_REGION: undefined }, "region_invalid", "AWS_REGION");
  });

  test("without a secret's name and a parameter path", async () => {
    const environment = { ...keyVariables(), PIGGY_AWS_SECRET_NAME: undefined };
    await expectRefused(environment, "usage", "piggysec.com/aws-secret-name");
  });

  test("with an endpoint that is no URL", async () => {
    await expectRefused(
      { ...keyVariables(), AWS_ENDPOINT_URL: "nowhere" },
      "setting_invalid",
      "AWS_ENDPOINT_URL",
    );
  });

  test("when nobody listens at the endpoint", async () => {
    const environment = { ...keyVariables(), AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    await expectRefused(environment, "aws_unavailable", "127.0.0.1:1");
  });

  test("when AWS throttles, and another try is not allowed", async () => {
    aws.failNext({ action: "GetSecretValue", times: 1, status: 400, code: "ThrottlingException" });
    await expectRefused(keyVariables(), "aws_throttled", "ThrottlingException");
    expect(aws.requests).toHaveLength(1);
  });
});

describe("with a role by web identity", () => {
  let kubernetes: KubernetesFake;
  let directory: string;
  beforeAll(async () => {
    kubernetes = await startKubernetes();
    kubernetes.add({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { namespace: "demo", name: "sample" },
    });
    directory = await mkdtemp(join(tmpdir(), "piggy-irsa-"));
  });
  beforeEach(() => {
    const subject = "system:serviceaccount:demo:sample";
    const { issuer } = kubernetes;
    aws.addRole(ROLE, { issuer, jwks: () => kubernetes.jwks(), audience: "sts.amazonaws.com", subject });
  });
  afterAll(async () => {
    await kubernetes.stop();
    await rm(directory, { recursive: true });
  });

  async function identity(
    token: { audience?: string; expirationSeconds?: number } = {},
  ): Promise<Environment> {
    const { audience = "sts.amazonaws.com", ...rest } = token;
    const file = join(directory, crypto.randomUUID());
    const account = { namespace: "demo", serviceAccount: "sample" };
    // A final line break, as an editor leaves one.
    await writeFile(file, `${await kubernetes.token({ ...account, audiences: [audience], ...rest })}\n`);
    return { AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file };
  }

  const actions = () => aws.requests.map(({ action, status }) => `${action} ${status}`);

  test("the secret is read with the role's temporary keys", async () => {
    await expectValue(VALUE, await identity());
    expect(actions()).toEqual(["AssumeRoleWithWebIdentity 200", "GetSecretValue 200"]);
    expect(aws.requests[0]?.input).toMatchObject({ RoleArn: ROLE, RoleSessionName: "piggy-env" });
  });

  test("the role is asked for again when STS did not reach whose token it is", async () => {
    aws.failNext({
      action: "AssumeRoleWithWebIdentity",
      times: 1,
      status: 400,
      code: "IDPCommunicationError",
    });
    const outcome = await start({ ...(await identity()), PIGGY_DEADLINE: "10s" });
    expect(outcome.started().variable("A")).toBe(VALUE);
    expect(actions()).toEqual([
      "AssumeRoleWithWebIdentity 400",
      "AssumeRoleWithWebIdentity 200",
      "GetSecretValue 200",
    ]);
  });

  test("the session has the name that the environment gives", async () => {
    await expectValue(VALUE, { ...(await identity()), AWS_ROLE_SESSION_NAME: "my-session" });
    expect(aws.requests[0]?.input).toMatchObject({ RoleSessionName: "my-session" });
  });

  test("STS is asked at its own endpoint", async () => {
    await expectValue(VALUE, {
      ...(await identity()),
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_ENDPOINT_URL_STS: aws.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
    });
  });

  test("keys of the environment come first", async () => {
    await expectValue(VALUE, { ...(await identity()), ...keyVariables() });
    expect(actions()).toEqual(["GetSecretValue 200"]);
  });

  test("the role's own policy is what counts", async () => {
    const { issuer } = kubernetes;
    const subject = "system:serviceaccount:demo:sample";
    const trust = { issuer, jwks: () => kubernetes.jwks(), audience: "sts.amazonaws.com", subject };
    aws.addRole(ROLE, { ...trust, allow: [] });
    await expectRefused(await identity(), "aws_access_denied", "assumed-role/demo-reader/piggy-env");
  });

  const refusals = [
    [
      "the token is for another audience",
      { audience: "elsewhere" },
      {},
      "aws_access_denied",
      "IAM must have the issuer of the token as an identity provider, with the token's audience.",
    ],
    [
      "the token has expired",
      { expirationSeconds: -600 },
      {},
      "aws_access_denied",
      "the token's file has not been renewed.",
    ],
    [
      "the role is unknown",
      {},
      { AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/none" },
      "aws_access_denied",
      "role/none: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity: the role's trust policy must",
    ],
    [
      "the token's file is not there",
      {},
      { AWS_WEB_IDENTITY_TOKEN_FILE: "/nowhere/token" },
      "credentials_missing",
      "/nowhere/token",
    ],
    ["STS does not answer", {}, { AWS_ENDPOINT_URL_STS: "http://127.0.0.1:1" }, "aws_unavailable", "STS"],
  ] as const;
  test.each(refusals)(
    "the container does not start when %s",
    async (_when, token, environment, code, says) => {
      await expectRefused({ ...(await identity(token)), ...environment }, code, says);
      expect(aws.requests.filter(({ action }) => action === "GetSecretValue")).toEqual([]);
    },
  );

  test.each([
    ["throttles", 400, "Throttling", "aws_throttled"],
    ["is unavailable", 503, "ServiceUnavailable", "aws_unavailable"],
  ] as const)("the container does not start when STS %s", async (_what, status, name, code) => {
    aws.failNext({ action: "AssumeRoleWithWebIdentity", times: 1, status, code: name });
    await expectRefused(await identity(), code, name);
  });

  test.each([
    ["no XML", "hello"],
    ["XML without credentials", "<AssumeRoleWithWebIdentityResponse/>"],
  ])("the container does not start when STS answers with %s", async (_what, body) => {
    const stranger = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(body) });
    try {
      const AWS_ENDPOINT_URL_STS = `http://127.0.0.1:${stranger.port}`;
      await expectRefused({ ...(await identity()), AWS_ENDPOINT_URL_STS }, "aws_unavailable", "STS");
      expect(aws.requests).toEqual([]);
    } finally {
      await stranger.stop(true);
    }
  });

  test("the token is in no output", async () => {
    const { AWS_WEB_IDENTITY_TOKEN_FILE: file = "", ...role } = await identity({ audience: "elsewhere" });
    const outcome = await start({ ...role, AWS_WEB_IDENTITY_TOKEN_FILE: file });
    expect(outcome.stderr).not.toContain((await Bun.file(file).text()).trim());
  });
});

test("with PIGGY_IGNORE_NO_ENV the container starts with the literal and a warning", async () => {
  const outcome = await start({ PIGGY_IGNORE_NO_ENV: "true" });
  expect(outcome.exitCode).toBe(0);
  expect(outcome.started().variable("A")).toBe("piggy:KEY");
  expect(onlyLine(outcome)).toMatchObject({ level: "warn", code: "credentials_missing" });
});
