/** One interface, two that ask: the webhook and the injector. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSignedStore } from "../../lib/aws/signed.ts";
import type { StoreLocation } from "../../lib/aws/store.ts";
import { type ErrorCode, PiggyError } from "../../lib/error.ts";
import { type Action, type AwsFake, startAws, type User } from "../fakes/aws.ts";
import { type Environment, machine, setEnvironment, transports } from "./transports.ts";

const REGION = "eu-west-1";
const USER = { accessKeyId: "AKIASTORE", secretAccessKey: "secret+key/of=the/store" };
const VALUE = "the-value-itself";

let aws: AwsFake;

const secret = (name: string, version = "AWSCURRENT"): StoreLocation => ({
  kind: "secret",
  name,
  version,
  region: REGION,
});
const path = (of: string): StoreLocation => ({ kind: "path", path: of, region: REGION });

beforeEach(async () => {
  aws = await startAws();
  aws.addUser(USER);
});
afterEach(async () => {
  setEnvironment(machine);
  await aws.stop();
});

describe.each(transports)("%s", (_name, create) => {
  const keysOf = ({ accessKeyId, secretAccessKey, sessionToken }: User): Environment => ({
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  });
  const read = (location: StoreLocation, environment: Environment = keysOf(USER), timeoutMs = 5_000) =>
    create(environment).readStore(location, AbortSignal.timeout(timeoutMs));

  async function failureOf(entries: Promise<unknown>): Promise<PiggyError> {
    const error = await entries.then(
      () => new Error("it was read"),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof PiggyError)) throw error;
    expect(error.message).not.toContain(VALUE);
    expect(error.message).not.toContain(USER.secretAccessKey);
    return error;
  }

  test("sends a session token with its key", async () => {
    const user = {
      accessKeyId: "ASIASESSION",
      secretAccessKey: "session/secret",
      sessionToken: "session+token==",
    };
    aws.addUser(user);
    aws.putSecret({ region: REGION, name: "session", value: `{"A":"${VALUE}"}` });
    expect((await read(secret("session"), keysOf(user))).values.get("A")).toBe(VALUE);
  });

  test("asks each service where its own variable says", async () => {
    aws.putSecret({ region: REGION, name: "elsewhere", value: '{"A":"secret"}' });
    aws.putParameter({ region: REGION, name: "/elsewhere/A", value: "parameter" });
    const dead = { ...keysOf(USER), AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const secretsManager = { ...dead, AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url };
    const ssm = { ...dead, AWS_ENDPOINT_URL_SSM: aws.url };
    expect((await read(secret("elsewhere"), secretsManager)).values.get("A")).toBe("secret");
    expect((await read(path("/elsewhere"), ssm)).values.get("A")).toBe("parameter");
  });

  interface Refusal {
    readonly when: string;
    readonly code: ErrorCode;
    readonly location?: StoreLocation;
    readonly environment?: Environment;
    readonly arrange?: () => void;
    /** In the message. */
    readonly says: string;
  }

  const failing = (action: Action, status: number, name: string) => () =>
    aws.failNext({ action, times: 3, status, code: name });
  const limited = { accessKeyId: "AKIALIMITED", secretAccessKey: "limited/secret" };

  const refusals: readonly Refusal[] = [
    { when: "the secret is unknown", code: "secret_not_found", location: secret("nowhere"), says: "nowhere" },
    {
      when: "the stage is unknown",
      code: "secret_not_found",
      location: secret("there", "NOSUCH"),
      says: "NOSUCH",
    },
    {
      when: "the version id is unknown",
      code: "secret_not_found",
      location: secret("there", "00000000-0000-4000-8000-000000000000"),
      says: "VersionId",
    },
    {
      when: "the secret is marked for deletion",
      code: "secret_deleted",
      arrange: () => aws.deleteSecret({ region: REGION, name: "there" }),
      says: "marked for deletion",
    },
    {
      when: "the secret is no JSON object",
      code: "secret_not_keyed",
      arrange: () => void aws.putSecret({ region: REGION, name: "there", value: VALUE }),
      says: "there",
    },
    {
      when: "no policy allows the secret",
      code: "aws_access_denied",
      arrange: () => aws.addUser({ ...USER, allow: [] }),
      says: "secretsmanager:GetSecretValue",
    },
    {
      when: "no policy allows the path",
      code: "aws_access_denied",
      location: path("/forbidden"),
      arrange: () => aws.addUser({ ...USER, allow: [] }),
      says: "ssm:GetParametersByPath",
    },
    {
      when: "the KMS key is denied",
      code: "aws_kms_denied",
      arrange: () => void aws.putSecret({ region: REGION, name: "there", value: "{}", kmsDenied: true }),
      says: "KMS",
    },
    {
      when: "the secret cannot be decrypted",
      code: "aws_decryption_failed",
      arrange: failing("GetSecretValue", 400, "DecryptionFailure"),
      says: "there",
    },
    {
      when: "the key is unknown",
      code: "aws_credentials_refused",
      environment: { AWS_ACCESS_KEY_ID: "AKIANOBODY", AWS_SECRET_ACCESS_KEY: "nothing" },
      says: "UnrecognizedClientException",
    },
    {
      when: "the secret key is wrong",
      code: "aws_credentials_refused",
      environment: { AWS_ACCESS_KEY_ID: limited.accessKeyId, AWS_SECRET_ACCESS_KEY: "wrong" },
      arrange: () => aws.addUser(limited),
      says: "InvalidSignatureException",
    },
    {
      when: "there are no credentials",
      code: "credentials_missing",
      environment: { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true" },
      says: "credentials",
    },
    {
      when: "a parameter path does not begin with a slash",
      code: "aws_error",
      location: path("relative"),
      says: "ValidationException",
    },
    {
      when: "the region is none",
      code: "region_invalid",
      location: { kind: "path", path: "/a", region: "eu-west-1.evil.example" },
      says: "evil.example",
    },
    {
      when: "Secrets Manager throttles",
      code: "aws_throttled",
      arrange: failing("GetSecretValue", 400, "ThrottlingException"),
      says: "ThrottlingException",
    },
    {
      when: "Parameter Store throttles",
      code: "aws_throttled",
      location: path("/busy"),
      arrange: failing("GetParametersByPath", 400, "ThrottlingException"),
      says: "/busy",
    },
    {
      when: "the service is unavailable",
      code: "aws_unavailable",
      arrange: failing("GetSecretValue", 503, "ServiceUnavailable"),
      says: "there",
    },
    {
      when: "the service has an error of its own",
      code: "aws_unavailable",
      arrange: failing("GetSecretValue", 500, "InternalServiceError"),
      says: "there",
    },
    {
      when: "nobody listens",
      code: "aws_unavailable",
      environment: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
      says: "there",
    },
  ];

  test.each(refusals.map((refusal) => [refusal.code, refusal.when, refusal] as const))(
    "fails with %s when %s",
    async (code, _when, { location = secret("there"), environment = {}, arrange, says }) => {
      aws.putSecret({ region: REGION, name: "there", value: `{"A":"${VALUE}"}` });
      arrange?.();
      const error = await failureOf(read(location, { ...keysOf(USER), ...environment }));
      expect({ code: error.code, message: error.message }).toEqual({
        code,
        message: expect.stringContaining(says),
      });
    },
  );

  test("gives up with aws_unavailable when its time is over", async () => {
    aws.putSecret({ region: REGION, name: "slow", value: `{"A":"${VALUE}"}` });
    const silent = aws.disturb({ name: "slow", answer: "no answer" });
    const error = await failureOf(read(secret("slow"), keysOf(USER), 150));
    silent.end();
    expect(error.code).toBe("aws_unavailable");
    expect(error.message).toContain("no answer in time");
  });

  test.each([
    ["breaks off", (socket: Bun.Socket) => void socket.end()],
    ["stops in the middle", () => {}],
  ])("fails with aws_unavailable when the answer %s", async (_what, then) => {
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"SecretString":"${VALUE}`);
          socket.flush();
          setTimeout(() => then(socket), 20);
        },
      },
    });
    try {
      const environment = { ...keysOf(USER), AWS_ENDPOINT_URL: `http://127.0.0.1:${listener.port}` };
      const { code, message } = await failureOf(read(secret("anything"), environment, 300));
      expect({ code, message }).toEqual({
        code: "aws_unavailable",
        message: expect.stringContaining("anything"),
      });
    } finally {
      listener.stop(true);
    }
  });

  test.each([
    ["that is no JSON", "<html>hello</html>", 200],
    ["of an unhealthy load balancer", "<html>502</html>", 502],
  ])("fails with aws_unavailable on an answer %s", async (_what, body, status) => {
    const stranger = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(body, { status }),
    });
    try {
      const environment = { ...keysOf(USER), AWS_ENDPOINT_URL: `http://127.0.0.1:${stranger.port}` };
      const { code } = await failureOf(read(secret("anything"), environment));
      expect(code).toBe("aws_unavailable");
    } finally {
      await stranger.stop(true);
    }
  });
});

test("the signed transport asks for its credentials once for all pages of a path", async () => {
  for (let index = 0; index < 25; index += 1) {
    aws.putParameter({ region: REGION, name: `/once/K${index}`, value: "v" });
  }
  let asked = 0;
  const store = createSignedStore({
    environment: { AWS_ENDPOINT_URL: aws.url },
    credentials: async () => {
      asked += 1;
      return USER;
    },
  });
  await store.readStore(path("/once"), AbortSignal.timeout(5_000));
  expect(asked).toBe(1);
});
