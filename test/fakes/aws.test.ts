import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  GetParameterCommand,
  GetParametersByPathCommand,
  paginateGetParametersByPath,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from "@aws-sdk/nested-clients/sts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type AwsFake, startAws } from "./aws.ts";
import { createCertificateAuthority } from "./certificates.ts";

const region = "eu-west-1";
const user = { accessKeyId: "AKIAUSER", secretAccessKey: "secret+key/of=user" };
const roleArn = "arn:aws:iam::111122223333:role/team/reader";
const issuer = "https://oidc.example";
const subject = "system:serviceaccount:demo:sample";
const { privateKey, publicKey } = await generateKeyPair("RS256");
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "RS256" }] };

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let aws: AwsFake;

beforeEach(async () => {
  aws = await startAws();
  aws.addUser(user);
});

afterEach(async () => {
  setSystemTime();
  await aws.stop();
});

const configuration = (credentials: Credentials, where = region) => ({
  endpoint: aws.url,
  region: where,
  credentials,
  maxAttempts: 1,
});

const secretsManager = (credentials: Credentials = user, where = region) =>
  new SecretsManagerClient(configuration(credentials, where));

const getSecret = (
  input: { SecretId: string; VersionStage?: string; VersionId?: string },
  client = secretsManager(),
) => client.send(new GetSecretValueCommand(input));

const getParameters = (input: {
  Path: string;
  Recursive?: boolean;
  WithDecryption?: boolean;
  MaxResults?: number;
  NextToken?: string;
}) => new SSMClient(configuration(user)).send(new GetParametersByPathCommand(input));

const getParameter = (Name: string, WithDecryption = true, client = new SSMClient(configuration(user))) =>
  client.send(new GetParameterCommand({ Name, WithDecryption }));

/** A refusal as the SDK reports it. */
const failure = (name: string, message: string | RegExp = /./, status = 400) =>
  expect.objectContaining({
    name,
    message: typeof message === "string" ? message : expect.stringMatching(message),
    $metadata: expect.objectContaining({ httpStatusCode: status }),
  });

/** Awaits a refusal; what is not refused fails the test. */
async function refusal(call: Promise<unknown>): Promise<unknown> {
  const answer = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in answer) return answer.error;
  throw new Error("The call was not refused");
}

describe("ECR", () => {
  const login = async (where = region) => {
    const client = new ECRClient(configuration(user, where));
    const { authorizationData = [] } = await client.send(new GetAuthorizationTokenCommand({}));
    const [name = "", password = ""] = Buffer.from(authorizationData[0]?.authorizationToken ?? "", "base64")
      .toString()
      .split(":");
    return { name, password, expiresAt: authorizationData[0]?.expiresAt };
  };

  test("gives a login that its registries know for twelve hours, in its region", async () => {
    setSystemTime(new Date("2030-01-01T00:00:00Z"));
    const { name, password, expiresAt } = await login();
    expect([name, expiresAt]).toEqual(["AWS", new Date("2030-01-01T12:00:00Z")]);
    expect(aws.acceptsLogin(region, name, password)).toBe(true);
    expect(aws.acceptsLogin("us-east-1", name, password)).toBe(false);
    expect(aws.acceptsLogin(region, "root", password)).toBe(false);
    expect(aws.acceptsLogin(region, name, "guess")).toBe(false);
    setSystemTime(new Date("2030-01-01T12:00:01Z"));
    expect(aws.acceptsLogin(region, name, password)).toBe(false);
  });

  test("refuses who may not ask for one", async () => {
    const nobody = { accessKeyId: "AKIANOBODY", secretAccessKey: "s", allow: [] };
    aws.addUser(nobody);
    const client = new ECRClient(configuration(nobody));
    expect(await refusal(client.send(new GetAuthorizationTokenCommand({})))).toEqual(
      failure("AccessDeniedException", /ecr:GetAuthorizationToken on resource: \*/),
    );
  });
});

describe("Secrets Manager", () => {
  test("answers by name, by ARN and by the ARN without its suffix", async () => {
    const { arn, versionId } = aws.putSecret({ region, name: "demo/sample", value: '{"KEY":"v"}' });
    expect(arn).toMatch(/^arn:aws:secretsmanager:eu-west-1:111122223333:secret:demo\/sample-[0-9a-z]{6}$/);
    for (const SecretId of ["demo/sample", arn, arn.slice(0, -7)]) {
      const answer = await getSecret({ SecretId });
      expect(answer).toMatchObject({
        ARN: arn,
        Name: "demo/sample",
        VersionId: versionId,
        SecretString: '{"KEY":"v"}',
        VersionStages: ["AWSCURRENT"],
      });
      expect(answer.SecretBinary).toBeUndefined();
      expect(Math.abs(Date.now() - (answer.CreatedDate?.getTime() ?? 0))).toBeLessThan(10_000);
    }
    expect(await refusal(getSecret({ SecretId: `${arn.slice(0, -6)}zzzzz-` }))).toEqual(
      failure("ResourceNotFoundException"),
    );
  });

  test("answers bytes as SecretBinary", async () => {
    aws.putSecret({ region, name: "bytes", value: Uint8Array.of(0, 255, 10, 128) });
    const answer = await getSecret({ SecretId: "bytes" });
    expect(answer.SecretBinary).toEqual(Uint8Array.of(0, 255, 10, 128));
    expect(answer.SecretString).toBeUndefined();
  });

  test("moves the stages along with each new version and keeps the ARN", async () => {
    const puts = ["one", "two", "three"].map((value) => aws.putSecret({ region, name: "rotated", value }));
    expect(new Set(puts.map(({ arn }) => arn)).size).toBe(1);
    expect(await getSecret({ SecretId: "rotated" })).toMatchObject({ SecretString: "three" });
    expect(await getSecret({ SecretId: "rotated", VersionStage: "AWSPREVIOUS" })).toMatchObject({
      SecretString: "two",
      VersionStages: ["AWSPREVIOUS"],
    });
    const [oldest] = puts;
    expect(await getSecret({ SecretId: "rotated", VersionId: oldest?.versionId ?? "" })).toMatchObject({
      SecretString: "one",
    });
    expect(
      await refusal(
        getSecret({ SecretId: "rotated", VersionId: oldest?.versionId ?? "", VersionStage: "AWSCURRENT" }),
      ),
    ).toEqual(failure("InvalidRequestException"));
  });

  test("says what it cannot find", async () => {
    aws.putSecret({ region, name: "here", value: "v" });
    expect(await refusal(getSecret({ SecretId: "nowhere" }))).toEqual(
      failure("ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    );
    expect(await refusal(getSecret({ SecretId: "here", VersionStage: "AWSPREVIOUS" }))).toEqual(
      failure(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
      ),
    );
    expect(await refusal(getSecret({ SecretId: "here", VersionId: "0" }))).toEqual(
      failure("ResourceNotFoundException", /VersionId: 0$/),
    );
  });

  test("finds a secret in its own region only", async () => {
    aws.putSecret({ region, name: "here", value: "v" });
    const elsewhere = secretsManager(user, "us-east-1");
    expect(await refusal(getSecret({ SecretId: "here" }, elsewhere))).toEqual(
      failure("ResourceNotFoundException"),
    );
  });

  test("finds a replica by its name and by an ARN that differs in the region alone", async () => {
    const { arn, versionId } = aws.putSecret({ region, name: "spread", value: "v", replicas: ["us-east-1"] });
    const elsewhere = secretsManager(user, "us-east-1");
    const replica = arn.replace(region, "us-east-1");
    for (const SecretId of ["spread", replica, replica.slice(0, -7)]) {
      expect(await getSecret({ SecretId }, elsewhere)).toMatchObject({ ARN: replica, VersionId: versionId });
    }
    expect(await refusal(getSecret({ SecretId: arn }, elsewhere))).toEqual(
      failure("ResourceNotFoundException"),
    );
    aws.putSecret({ region, name: "spread", value: "next" });
    expect(await getSecret({ SecretId: replica }, elsewhere)).toMatchObject({ SecretString: "next" });
    aws.deleteSecret({ region, name: "spread" });
    expect(await refusal(getSecret({ SecretId: replica }, elsewhere))).toEqual(
      failure("InvalidRequestException"),
    );
  });

  test.each([
    ["cn-north-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
  ])("has the ARNs of %s in the partition %s", async (where, partition) => {
    const { arn } = aws.putSecret({ region: where, name: "far", value: "v" });
    expect(arn).toStartWith(`arn:${partition}:secretsmanager:${where}:`);
    expect(await getSecret({ SecretId: arn }, secretsManager(user, where))).toMatchObject({ Name: "far" });
  });

  test("refuses what can be no secret's name", async () => {
    expect(await refusal(getSecret({ SecretId: "a name" }))).toEqual(
      failure("ValidationException", /Invalid name/),
    );
  });

  test("refuses a secret marked for deletion until it is put again", async () => {
    aws.putSecret({ region, name: "gone", value: "v" });
    aws.deleteSecret({ region, name: "gone" });
    expect(await refusal(getSecret({ SecretId: "gone" }))).toEqual(
      failure(
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
      ),
    );
    aws.putSecret({ region, name: "gone", value: "back" });
    expect(await getSecret({ SecretId: "gone" })).toMatchObject({ SecretString: "back" });
  });

  test("refuses a version under a key that the caller may not use", async () => {
    aws.putSecret({ region, name: "sealed", value: "v", kmsDenied: true });
    expect(await refusal(getSecret({ SecretId: "sealed" }))).toEqual(
      failure("AccessDeniedException", "Access to KMS is not allowed"),
    );
  });

  test("allows what the permissions name and says who may not do what", async () => {
    const { arn } = aws.putSecret({ region, name: "mine", value: "v" });
    aws.putSecret({ region, name: "theirs", value: "v" });
    const limited = { accessKeyId: "AKIALIMITED", secretAccessKey: "s" };
    aws.addUser({
      ...limited,
      allow: [
        { action: "secretsmanager:GetSecretValue", resource: "mine" },
        { action: "ssm:GetParametersByPath", resource: "*" },
      ],
    });
    const client = secretsManager(limited);
    expect(await getSecret({ SecretId: arn }, client)).toMatchObject({ SecretString: "v" });
    expect(await refusal(getSecret({ SecretId: "theirs" }, client))).toEqual(
      failure(
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/AKIALIMITED is not authorized to perform: " +
          "secretsmanager:GetSecretValue on resource: theirs because no identity-based policy allows the " +
          "secretsmanager:GetSecretValue action",
      ),
    );
    expect(await refusal(getSecret({ SecretId: "nowhere" }, client))).toEqual(
      failure("AccessDeniedException"),
    );
  });

  test("is disturbed until that is over: for some calls, some secrets, some regions", async () => {
    for (const [where, name] of [
      [region, "calm"],
      [region, "busy"],
      ["us-east-1", "calm"],
    ] as const) {
      aws.putSecret({ region: where, name, value: "hidden" });
    }
    const throttled = { status: 400, code: "ThrottlingException" };
    const busyness = aws.disturb({ name: "busy", every: 3, answer: throttled });
    aws.disturb({ region: "us-east-1", answer: throttled });
    const busy: boolean[] = [];
    for (let call = 0; call < 6; call += 1) {
      busy.push(
        await getSecret({ SecretId: "busy" }).then(
          () => true,
          () => false,
        ),
      );
    }
    expect(busy).toEqual([true, true, false, true, true, false]);
    expect(await getSecret({ SecretId: "calm" })).toMatchObject({ SecretString: "hidden" });
    const elsewhere = secretsManager(user, "us-east-1");
    expect(await refusal(getSecret({ SecretId: "calm" }, elsewhere))).toEqual(failure("ThrottlingException"));
    expect(busyness.met()).toBe(6);
    busyness.end();
    for (let call = 0; call < 3; call += 1) await getSecret({ SecretId: "busy" });
  });

  test("fails on demand, as often as asked, and records each call without a value", async () => {
    aws.putSecret({ region, name: "busy", value: "hidden" });
    aws.failNext({
      action: "GetSecretValue",
      times: 1,
      status: 400,
      code: "ThrottlingException",
      message: "Rate",
    });
    aws.failNext({
      action: "GetSecretValue",
      times: 1,
      status: 500,
      code: "InternalServiceError",
      delayMs: 50,
    });
    expect(await refusal(getSecret({ SecretId: "busy" }))).toEqual(failure("ThrottlingException", "Rate"));
    const before = performance.now();
    expect(await refusal(getSecret({ SecretId: "busy" }))).toEqual(failure("InternalServiceError", /./, 500));
    expect(performance.now() - before).toBeGreaterThan(45);
    expect(await getSecret({ SecretId: "busy" })).toMatchObject({ SecretString: "hidden" });
    const call = {
      service: "secretsmanager",
      action: "GetSecretValue",
      region,
      accessKeyId: user.accessKeyId,
      input: { SecretId: "busy" },
    } as const;
    expect(aws.requests).toEqual([
      { ...call, status: 400, errorCode: "ThrottlingException" },
      { ...call, status: 500, errorCode: "InternalServiceError" },
      { ...call, status: 200 },
    ]);
  });
});

describe("Parameter Store", () => {
  test("lists 25 parameters in three pages", async () => {
    const names = Array.from(
      { length: 25 },
      (_, index) => `/demo/sample/KEY_${String(index).padStart(2, "0")}`,
    );
    for (const name of names) aws.putParameter({ region, name, value: `value of ${name}` });
    const client = new SSMClient(configuration(user));
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateGetParametersByPath({ client }, { Path: "/demo/sample" })) {
      pages.push(page.Parameters?.map(({ Value }) => Value) ?? []);
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(names.map((name) => `value of ${name}`));
    expect(aws.requests.map(({ service, action }) => `${service}:${action}`)).toEqual(
      Array(3).fill("ssm:GetParametersByPath"),
    );
  });

  test("lists the path's own level, or all below it, and nothing beside it", async () => {
    for (const name of ["/a/x", "/a/b/y", "/a", "/ab/z", "/top"]) {
      aws.putParameter({ region, name, value: "v" });
    }
    aws.putParameter({ region: "us-east-1", name: "/a/elsewhere", value: "v" });
    const names = async (Path: string, Recursive: boolean) =>
      (await getParameters({ Path, Recursive })).Parameters?.map(({ Name }) => Name);
    expect(await names("/a", false)).toEqual(["/a/x"]);
    expect(await names("/a/", true)).toEqual(["/a/b/y", "/a/x"]);
    expect(await names("/", false)).toEqual(["/a", "/top"]);
    expect(await names("/nothing", true)).toEqual([]);
  });

  test("decrypts a SecureString only when asked", async () => {
    aws.putParameter({ region, name: "/s/KEY", value: "clear", type: "SecureString" });
    const [sealed] = (await getParameters({ Path: "/s" })).Parameters ?? [];
    expect(sealed?.Value).toMatch(/^AQICAHh[\w+/=]{100,}$/);
    const [opened] = (await getParameters({ Path: "/s", WithDecryption: true })).Parameters ?? [];
    expect(opened).toMatchObject({
      Name: "/s/KEY",
      Type: "SecureString",
      Value: "clear",
      Version: 1,
      ARN: "arn:aws:ssm:eu-west-1:111122223333:parameter/s/KEY",
      DataType: "text",
      LastModifiedDate: expect.any(Date),
    });
  });

  test("refuses a relative path, more than ten results and a token of another listing", async () => {
    aws.putParameter({ region, name: "/p/A", value: "v" });
    aws.putParameter({ region, name: "/p/B", value: "v" });
    expect(await refusal(getParameters({ Path: "p" }))).toEqual(
      failure("ValidationException", /forward slash/),
    );
    expect(await refusal(getParameters({ Path: "/p", MaxResults: 11 }))).toEqual(
      failure("ValidationException", /'maxResults'.*less than or equal to 10/),
    );
    const { NextToken = "" } = await getParameters({ Path: "/p", MaxResults: 1 });
    const rest = await getParameters({ Path: "/p", MaxResults: 1, NextToken });
    expect(rest.Parameters?.map(({ Name }) => Name)).toEqual(["/p/B"]);
    expect(rest.NextToken).toBeUndefined();
    expect(await refusal(getParameters({ Path: "/q", NextToken }))).toEqual(failure("InvalidNextToken"));
  });

  describe("a single parameter", () => {
    let arn: string;
    beforeEach(() => {
      for (const value of ["one", "two", "three"]) {
        arn = aws.putParameter({ region, name: "/p/KEY", value, type: "SecureString" }).arn;
      }
      aws.labelParameter({ region, name: "/p/KEY", version: 1, label: "stable" });
    });

    test("is answered by name and by ARN, its last version first", async () => {
      for (const name of ["/p/KEY", arn]) {
        const { Parameter } = await getParameter(name);
        expect(Parameter).toMatchObject({
          Name: "/p/KEY",
          ARN: arn,
          Value: "three",
          Version: 3,
          Type: "SecureString",
        });
        expect(Parameter?.Selector).toBeUndefined();
      }
      expect((await getParameter("/p/KEY", false)).Parameter?.Value).toStartWith("AQICAHh");
    });

    test("is answered by a version's number and by its label, which moves", async () => {
      expect((await getParameter("/p/KEY:2")).Parameter).toMatchObject({ Value: "two", Selector: ":2" });
      expect((await getParameter(`${arn}:2`)).Parameter).toMatchObject({ Value: "two" });
      expect((await getParameter("/p/KEY:stable")).Parameter).toMatchObject({ Value: "one", Version: 1 });
      aws.labelParameter({ region, name: "/p/KEY", version: 2, label: "stable" });
      expect((await getParameter("/p/KEY:stable")).Parameter).toMatchObject({ Value: "two", Version: 2 });
    });

    test("is answered in the partition of its region", async () => {
      const far = aws.putParameter({ region: "cn-north-1", name: "top", value: "v", type: "StringList" }).arn;
      expect(far).toBe("arn:aws-cn:ssm:cn-north-1:111122223333:parameter/top");
      const client = new SSMClient(configuration(user, "cn-north-1"));
      expect((await getParameter("top", true, client)).Parameter).toMatchObject({
        Type: "StringList",
        Value: "v",
      });
    });

    test.each([
      ["/p/NONE", "ParameterNotFound"],
      ["/p/KEY:4", "ParameterVersionNotFound"],
      ["/p/KEY:unstable", "ParameterVersionNotFound"],
      ["/p/KEY:1:2", "ValidationException"],
      ["/p/a key", "ValidationException"],
    ])("%s is refused with %s", async (name, code) => {
      expect(await refusal(getParameter(name))).toEqual(failure(code, /^/));
    });

    test("is refused under a key that the caller may not use, when it is to be decrypted", async () => {
      aws.putParameter({ region, name: "/p/SEALED", value: "v", type: "SecureString", kmsDenied: true });
      expect(await refusal(getParameter("/p/SEALED"))).toEqual(
        failure("AccessDeniedException", /master key/),
      );
      expect((await getParameter("/p/SEALED", false)).Parameter?.Name).toBe("/p/SEALED");
      expect(await refusal(getParameters({ Path: "/p", WithDecryption: true }))).toEqual(
        failure("AccessDeniedException", /master key/),
      );
    });

    test("is allowed by its name or its ARN", async () => {
      aws.addUser({ ...user, allow: [{ action: "ssm:GetParameter", resource: "/p/KEY" }] });
      expect((await getParameter("/p/KEY:1")).Parameter?.Value).toBe("one");
      expect(await refusal(getParameter("/p/OTHER"))).toEqual(
        failure(
          "AccessDeniedException",
          /ssm:GetParameter on resource: arn:aws:ssm:eu-west-1:111122223333:parameter\/p\/OTHER /,
        ),
      );
      aws.addUser({ ...user, allow: [{ action: "ssm:GetParameter", resource: arn }] });
      expect((await getParameter("/p/KEY")).Parameter?.Value).toBe("three");
    });
  });

  test("allows a path with or without its closing slash", async () => {
    aws.addUser({ ...user, allow: [{ action: "ssm:GetParametersByPath", resource: "/mine" }] });
    expect((await getParameters({ Path: "/mine/" })).Parameters).toEqual([]);
    expect(await refusal(getParameters({ Path: "/theirs" }))).toEqual(
      failure(
        "AccessDeniedException",
        /on resource: arn:aws:ssm:eu-west-1:111122223333:parameter\/theirs because/,
      ),
    );
  });
});

/** A request for a hand-written signer, so that each part can be wrong alone. Source: IAM User Guide, SigV4. */
interface RawRequest {
  readonly amzDate: string;
  readonly scopeDate: string;
  readonly service: string;
  readonly signedNames: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly sentBody: string;
}

const amzDateOf = (date: Date) => date.toISOString().replace(/[-:]|\.\d+/g, "");

function rawRequest(changes: Partial<RawRequest> = {}): RawRequest {
  const amzDate = changes.amzDate ?? amzDateOf(new Date());
  const body = changes.body ?? '{"SecretId":"raw"}';
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(aws.url).host,
    "x-amz-date": amzDate,
    "x-amz-target": "secretsmanager.GetSecretValue",
    ...changes.headers,
  };
  return {
    amzDate,
    scopeDate: amzDate.slice(0, 8),
    service: "secretsmanager",
    signedNames: Object.keys(headers).sort(),
    body,
    sentBody: body,
    ...changes,
    headers,
  };
}

const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();
const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");

function authorizationOf({ amzDate, scopeDate, service, signedNames, headers, body }: RawRequest): string {
  const scope = `${scopeDate}/${region}/${service}/aws4_request`;
  const names = signedNames.toSorted();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const contentHash = headers["x-amz-content-sha256"] ?? sha256(body);
  const canonical = `POST\n/\n\n${lines}\n${names.join(";")}\n${contentHash}`;
  const key = [scopeDate, region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${user.secretAccessKey}`,
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${sha256(canonical)}`).toString("hex");
  return (
    `AWS4-HMAC-SHA256 Credential=${user.accessKeyId}/${scope}, ` +
    `SignedHeaders=${signedNames.join(";")}, Signature=${signature}`
  );
}

const post = (headers: Readonly<Record<string, string>>, body: string) =>
  fetch(aws.url, { method: "POST", headers, body });

async function sendRaw(changes: Partial<RawRequest> = {}) {
  const request = rawRequest(changes);
  const authorization = authorizationOf(request);
  const response = await post({ ...request.headers, authorization }, request.sentBody);
  expect(response.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
  const code = response.headers.get("x-amzn-errortype");
  const answer: unknown = await response.json();
  if (code !== null) expect(answer).toEqual({ __type: code, message: expect.any(String) });
  return { status: response.status, code, answer };
}

const accepted = { status: 200, code: null };
const refusedAs = (code: string) => ({ status: 400, code });
const minutesFromNow = (minutes: number) => amzDateOf(new Date(Date.now() + minutes * 60_000));

describe("Signature Version 4", () => {
  beforeEach(() => {
    aws.putSecret({ region, name: "raw", value: "v" });
  });

  test("accepts a signer that is not the SDK's, also four minutes late or early", async () => {
    expect(await sendRaw()).toMatchObject(accepted);
    expect(await sendRaw({ amzDate: minutesFromNow(-4) })).toMatchObject(accepted);
    expect(await sendRaw({ amzDate: minutesFromNow(4) })).toMatchObject(accepted);
    const hash = sha256('{"SecretId":"raw"}');
    expect(await sendRaw({ headers: { "user-agent": "a b", "x-amz-content-sha256": hash } })).toMatchObject(
      accepted,
    );
  });

  const hostless = ["content-type", "x-amz-date", "x-amz-target"];
  const targetless = ["content-type", "host", "x-amz-date"];
  const unsorted = ["host", "content-type", "x-amz-date", "x-amz-target"];
  const refused: readonly [string, () => Partial<RawRequest>, RegExp][] = [
    ["a body that was changed after signing", () => ({ sentBody: '{"SecretId":"other"}' }), /calculated/],
    ["a list of signed headers that is not sorted", () => ({ signedNames: unsorted }), /calculated/],
    ["runs of spaces that were not folded", () => ({ headers: { "user-agent": "a   b" } }), /calculated/],
    [
      "a content hash that is not the body's",
      () => ({ headers: { "x-amz-content-sha256": sha256("") } }),
      /sha256/,
    ],
    ["a host that is not signed", () => ({ signedNames: hostless }), /'Host'/],
    ["a target that is not signed", () => ({ signedNames: targetless }), /not signed: x-amz-target$/],
    ["a signature of six minutes ago", () => ({ amzDate: minutesFromNow(-6) }), /expired/],
    ["a signature of six minutes from now", () => ({ amzDate: minutesFromNow(6) }), /not yet current/],
    ["a scope of another day", () => ({ scopeDate: "20200101" }), /'20200101' != /],
    ["a scope of another service", () => ({ service: "ssm" }), /correct service: 'secretsmanager'/],
  ];
  for (const [what, changes, message] of refused) {
    test(`refuses ${what}`, async () => {
      const code = "InvalidSignatureException";
      expect(await sendRaw(changes())).toEqual({
        ...refusedAs(code),
        answer: { __type: code, message: expect.stringMatching(message) },
      });
      expect(aws.requests).toMatchObject([{ region, accessKeyId: user.accessKeyId, errorCode: code }]);
    });
  }

  test("refuses a wrong secret key, an unknown key and a token that nobody gave", async () => {
    const wrong = secretsManager({ ...user, secretAccessKey: "wrong" });
    expect(await refusal(getSecret({ SecretId: "raw" }, wrong))).toEqual(
      failure("InvalidSignatureException", /does not match the signature you provided/),
    );
    for (const credentials of [
      { ...user, accessKeyId: "AKIANOBODY" },
      { ...user, sessionToken: "made up" },
    ]) {
      expect(await refusal(getSecret({ SecretId: "raw" }, secretsManager(credentials)))).toEqual(
        failure("UnrecognizedClientException", "The security token included in the request is invalid."),
      );
    }
  });

  test("refuses a request without or with half an Authorization header", async () => {
    const { headers, body } = rawRequest();
    const missing = await post(headers, body);
    expect(missing.status).toBe(400);
    expect(await missing.json()).toEqual({
      __type: "MissingAuthenticationTokenException",
      message: "Request is missing Authentication Token",
    });
    const half = await post({ ...headers, authorization: "AWS4-HMAC-SHA256 Credential=x" }, body);
    expect(half.headers.get("x-amzn-errortype")).toBe("IncompleteSignatureException");
  });

  test("does not know other operations, services, content types and methods", async () => {
    const unknown = refusedAs("UnknownOperationException");
    expect(await sendRaw({ headers: { "x-amz-target": "secretsmanager.ListSecrets" } })).toMatchObject(
      unknown,
    );
    expect(await sendRaw({ headers: { "x-amz-target": "Kinesis.GetRecords" } })).toMatchObject(unknown);
    expect(await sendRaw({ headers: { "content-type": "application/json" } })).toMatchObject(unknown);
    const { headers, body } = rawRequest();
    const put = await fetch(aws.url, { method: "PUT", headers, body });
    expect(put.headers.get("x-amzn-errortype")).toBe("UnknownOperationException");
    const elsewhere = await fetch(`${aws.url}/path`, { method: "POST", headers, body });
    expect(elsewhere.headers.get("x-amzn-errortype")).toBe("UnknownOperationException");
  });

  test("refuses a signed body that is not what the operation takes", async () => {
    expect(await sendRaw({ body: "[]" })).toMatchObject(refusedAs("SerializationException"));
    expect(await sendRaw({ body: '{"SecretId":1}' })).toMatchObject(refusedAs("SerializationException"));
    expect(await sendRaw({ body: "{}" })).toMatchObject(refusedAs("ValidationException"));
  });
});

interface Claims {
  readonly aud?: string;
  readonly iss?: string;
  readonly sub?: string;
  /** Seconds; null for a token that never expires. */
  readonly expiresIn?: number | null;
  readonly key?: CryptoKey;
}

function webIdentityToken({
  aud,
  iss,
  sub,
  expiresIn = 600,
  key = privateKey,
}: Claims = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const jwt = new SignJWT()
    .setProtectedHeader({ alg: "RS256", kid: "1" })
    .setIssuer(iss ?? issuer)
    .setAudience(aud ?? "sts.amazonaws.com")
    .setSubject(sub ?? subject)
    .setIssuedAt(now - 1000);
  return (expiresIn === null ? jwt : jwt.setExpirationTime(now + expiresIn)).sign(key);
}

async function assumeRole(token: string, changes: Readonly<Record<string, string>> = {}) {
  const form = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: "sample",
    WebIdentityToken: token,
    ...changes,
  });
  const response = await fetch(aws.url, { method: "POST", body: form });
  const xml = await response.text();
  expect(response.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
  expect(xml).toContain('Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">');
  return { status: response.status, xml, code: element(xml, "Code") };
}

const element = (xml: string, name: string) => xml.match(`<${name}>([^<]*)</${name}>`)?.[1];

async function temporaryCredentials() {
  const { xml } = await assumeRole(await webIdentityToken());
  const credentials = {
    accessKeyId: element(xml, "AccessKeyId") ?? "",
    secretAccessKey: element(xml, "SecretAccessKey") ?? "",
    sessionToken: element(xml, "SessionToken") ?? "",
  };
  return { credentials, expiration: Date.parse(element(xml, "Expiration") ?? "") };
}

describe("STS", () => {
  const trust = { issuer, jwks: () => jwks, audience: "sts.amazonaws.com", subject };

  beforeEach(() => {
    aws.addRole(roleArn, trust);
    aws.putSecret({ region, name: "behind-role", value: "v" });
  });

  test("gives credentials for a good token that serve with their session token alone", async () => {
    const { credentials, expiration } = await temporaryCredentials();
    expect(credentials.accessKeyId).toMatch(/^ASIA[0-9A-V]{16}$/);
    expect(Math.abs(expiration - Date.now() - 3_600_000)).toBeLessThan(10_000);
    const { accessKeyId, secretAccessKey } = credentials;
    expect(await getSecret({ SecretId: "behind-role" }, secretsManager(credentials))).toMatchObject({
      SecretString: "v",
    });
    for (const partial of [
      { accessKeyId, secretAccessKey },
      { accessKeyId, secretAccessKey, sessionToken: "another" },
    ]) {
      expect(await refusal(getSecret({ SecretId: "behind-role" }, secretsManager(partial)))).toEqual(
        failure("UnrecognizedClientException"),
      );
    }
    expect((await temporaryCredentials()).credentials.accessKeyId).not.toBe(accessKeyId);
  });

  test("ends the credentials after an hour", async () => {
    const { credentials, expiration } = await temporaryCredentials();
    setSystemTime(expiration + 1000);
    expect(await refusal(getSecret({ SecretId: "behind-role" }, secretsManager(credentials)))).toEqual(
      failure("ExpiredTokenException"),
    );
  });

  test("gives the role's permissions and names the session in a refusal", async () => {
    aws.addRole(roleArn, { ...trust, allow: [] });
    const { credentials } = await temporaryCredentials();
    expect(await refusal(getSecret({ SecretId: "behind-role" }, secretsManager(credentials)))).toEqual(
      failure("AccessDeniedException", /^User: arn:aws:sts::111122223333:assumed-role\/reader\/sample is/),
    );
  });

  test("refuses tokens that the trust policy does not cover", async () => {
    const { privateKey: foreign } = await generateKeyPair("RS256");
    const refused: readonly [Claims, number, string][] = [
      [{ aud: "somebody.else" }, 400, "InvalidIdentityToken"],
      [{ iss: "https://other.example" }, 400, "InvalidIdentityToken"],
      [{ key: foreign }, 400, "InvalidIdentityToken"],
      [{ expiresIn: null }, 400, "InvalidIdentityToken"],
      [{ expiresIn: -10 }, 400, "ExpiredTokenException"],
      [{ sub: "system:serviceaccount:demo:other" }, 403, "AccessDenied"],
    ];
    for (const [claims, status, code] of refused) {
      const answer = await assumeRole(await webIdentityToken(claims));
      expect({ claims, status: answer.status, code: answer.code }).toEqual({ claims, status, code });
      expect(answer.xml).toContain("<Type>Sender</Type>");
      expect(answer.xml).not.toContain("AccessKeyId");
    }
    expect(aws.requests.map(({ errorCode }) => errorCode)).toEqual(refused.map(([, , code]) => code));
  });

  test("refuses what is no token, an unknown role, a bad session name and another version", async () => {
    const token = await webIdentityToken();
    expect(await assumeRole("nonsense")).toMatchObject({ status: 400, code: "InvalidIdentityToken" });
    expect(await assumeRole(token, { RoleArn: `${roleArn}2` })).toMatchObject({
      status: 403,
      code: "AccessDenied",
    });
    expect(await assumeRole(token, { RoleSessionName: "a b" })).toMatchObject({ code: "ValidationError" });
    expect(await assumeRole(token, { DurationSeconds: "7200" })).toMatchObject({ code: "ValidationError" });
    expect(await assumeRole(token, { Version: "2010-01-01" })).toMatchObject({ code: "NoSuchVersion" });
    expect(await assumeRole(token, { Action: "AssumeRoot" })).toMatchObject({
      code: "UnknownOperationException",
    });
    // This one is to be signed.
    expect(await assumeRole(token, { Action: "AssumeRole" })).toMatchObject({
      code: "MissingAuthenticationTokenException",
    });
  });

  test("says so when the issuer's keys cannot be had", async () => {
    aws.addRole(roleArn, { ...trust, jwks: () => Promise.reject(new Error("down")) });
    expect(await assumeRole(await webIdentityToken())).toMatchObject({ code: "IDPCommunicationError" });
  });

  test("fails on demand and records the token without its signature", async () => {
    aws.failNext({ action: "AssumeRoleWithWebIdentity", times: 1, status: 500, code: "InternalFailure" });
    const token = await webIdentityToken();
    const { status, xml } = await assumeRole(token);
    expect(status).toBe(500);
    expect(xml).toContain("<Type>Receiver</Type>");
    const [request] = aws.requests;
    expect(request).toMatchObject({
      service: "sts",
      action: "AssumeRoleWithWebIdentity",
      input: { RoleArn: roleArn },
    });
    expect(request).toMatchObject({
      input: { WebIdentityToken: token.slice(0, token.lastIndexOf(".") + 1) },
    });
  });
});

describe("STS, asked for a role by credentials,", () => {
  const trusting = "arn:aws:iam::222222222222:role/deep/reader";
  const trusts = `arn:aws:iam::111122223333:user/${user.accessKeyId}`;
  const Tags = [{ Key: "piggysec.com/namespace", Value: "shop" }];
  const asked = { RoleArn: trusting, RoleSessionName: "shop.cart", ExternalId: "outside", Tags };
  const assume = (input: Partial<AssumeRoleCommandInput> = {}) =>
    new STSClient(configuration(user)).send(new AssumeRoleCommand({ ...asked, ...input }));
  /** As a policy names it. */
  const tag = "$" + "{aws:PrincipalTag/piggysec.com/namespace}";

  beforeEach(() => {
    aws.addTrustingRole(trusting, {
      trusts,
      externalId: "outside",
      allow: [{ action: "secretsmanager:GetSecretValue", resource: `${tag}/db` }],
    });
    for (const name of ["shop/db", "bank/db"])
      aws.putSecret({ region, name, value: `far ${name}`, account: "222222222222" });
    aws.putSecret({ region, name: "shop/db", value: "near" });
  });

  test("gives a session of the role's account and with the tags, which its policies know", async () => {
    const { Credentials, AssumedRoleUser } = await assume();
    expect(AssumedRoleUser?.Arn).toBe("arn:aws:sts::222222222222:assumed-role/reader/shop.cart");
    expect(Math.abs((Credentials?.Expiration?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(10_000);
    const client = secretsManager({
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    });
    expect(await getSecret({ SecretId: "shop/db" }, client)).toMatchObject({ SecretString: "far shop/db" });
    expect(await refusal(getSecret({ SecretId: "bank/db" }, client))).toEqual(
      failure("AccessDeniedException"),
    );
    expect(await getSecret({ SecretId: "shop/db" })).toMatchObject({ SecretString: "near" });
  });

  test("refuses whom the role does not trust, another external id, and tags that it does not take", async () => {
    const denied = failure("AccessDenied", /sts:AssumeRole on resource: .*role\/deep\/readers?$/, 403);
    for (const input of [{ ExternalId: "other" }, { RoleArn: `${trusting}s` }, { ExternalId: undefined }]) {
      expect(await refusal(assume(input))).toEqual(denied);
    }
    aws.addTrustingRole(trusting, { trusts: `${trusts}s`, externalId: "outside" });
    expect(await refusal(assume())).toEqual(denied);
    aws.addTrustingRole(trusting, { trusts, externalId: "outside", refusesTags: true });
    expect(await refusal(assume())).toEqual(failure("AccessDenied", /sts:TagSession on resource/, 403));
    expect((await assume({ Tags: undefined })).Credentials).toBeDefined();
  });

  test("refuses tags that cannot be", async () => {
    const tags = [
      [{ Key: "a*", Value: "" }],
      [{ Key: "a", Value: "*" }],
      [{ Key: "aws:a", Value: "" }],
      [
        { Key: "a", Value: "1" },
        { Key: "A", Value: "2" },
      ],
    ];
    for (const Tags of tags) expect(await refusal(assume({ Tags }))).toEqual(failure("ValidationError"));
  });
});

test("speaks TLS with the certificate that it is given", async () => {
  const authority = await createCertificateAuthority();
  const secure = await startAws({ tls: await authority.issue({ names: ["localhost"] }) });
  try {
    expect(secure.url).toMatch(/^https:\/\/localhost:\d+$/);
    expect((await fetch(secure.url, { method: "POST", tls: { ca: authority.pem } })).status).toBe(400);
    const { pem } = await createCertificateAuthority();
    await refusal(fetch(secure.url, { method: "POST", tls: { ca: pem } }));
  } finally {
    await secure.stop();
  }
});
