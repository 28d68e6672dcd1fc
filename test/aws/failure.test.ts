/** What AWS refuses, in its own words as its documents and its users quote them, and what is made of them. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createOwnCredentials } from "../../lib/aws/own-credentials.ts";
import { type ErrorCode, PiggyError } from "../../lib/error.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { caught } from "../registry/caught.ts";
import { startEndpoint } from "./credentials/endpoint.ts";
import { machine, setEnvironment, transports } from "./transports.ts";

const REGION = "eu-west-1";
const USER = { accessKeyId: "AKIAREADER", secretAccessKey: "reader/secret" };
const ROLE = "arn:aws:sts::111122223333:assumed-role/reader/session-1";
const PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop";
const KEY = "arn:aws:kms:eu-west-1:444455556666:key/1b3f";
const READ = "secretsmanager:GetSecretValue";

let aws: AwsFake;
beforeEach(async () => {
  aws = await startAws();
  aws.addUser(USER);
});
afterEach(() => aws.stop());
afterAll(() => setEnvironment(machine));

interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly code: ErrorCode;
  /** The end of what is said. */
  readonly advice?: string;
}

const SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cart-??????";
const denied = (reason: string, resource = "cart", action = READ) =>
  `User: ${ROLE} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;

const refusals: readonly (Refusal & { readonly when: string })[] = [
  {
    when: "no identity-based policy allows the secret",
    name: "AccessDeniedException",
    message: denied(`because no identity-based policy allows the ${READ} action`),
    code: "aws_access_denied",
    advice: `: allow ${READ} on ${SECRET_ARN} to the role reader of account 111122223333`,
  },
  {
    when: "the secret was named by its ARN, in another partition",
    name: "AccessDeniedException",
    message: denied(
      `because no resource-based policy allows the ${READ} action`,
      "arn:aws-cn:secretsmanager:cn-north-1:444455556666:secret:cart-a1b2c3",
    ),
    code: "aws_access_denied",
    advice:
      `: its resource-based policy must allow ${READ} on arn:aws-cn:secretsmanager:cn-north-1:444455556666:` +
      "secret:cart-a1b2c3 to the role reader of account 111122223333",
  },
  {
    when: "no permissions boundary allows it",
    name: "AccessDeniedException",
    message: denied(
      "because no permissions boundary allows the ssm:GetParameter action",
      PARAMETER,
      "ssm:GetParameter",
    ),
    code: "aws_access_denied",
    advice: `: its permissions boundary must allow ssm:GetParameter on ${PARAMETER} to the role reader of account 111122223333`,
  },
  {
    when: "a service control policy denies it",
    name: "AccessDeniedException",
    message: denied("with an explicit deny in a service control policy"),
    code: "aws_access_denied",
    advice: `: no policy that allows ${READ} helps while a service control policy denies it to the role reader of account 111122223333`,
  },
  {
    when: "AWS does not say why",
    name: "AccessDeniedException",
    message: "",
    code: "aws_access_denied",
    advice: ": allow it for secret cart in eu-west-1",
  },
  {
    when: "Secrets Manager may not use the key",
    name: "AccessDeniedException",
    message:
      "Access to KMS is not allowed. This version of secret is not encrypted with the current KMS key.",
    code: "aws_kms_denied",
    advice:
      ": allow kms:Decrypt on its KMS key to the identity that reads it, in a policy of that identity's and in the key's",
  },
  {
    when: "KMS says who may not use which key",
    name: "AccessDeniedException",
    message: denied("because no resource-based policy allows the kms:Decrypt action", KEY, "kms:Decrypt"),
    code: "aws_kms_denied",
    advice: `: allow kms:Decrypt on ${KEY} to the role reader of account 111122223333, in a policy of that identity's and in the key's`,
  },
  {
    when: "Parameter Store may not use the key",
    name: "AccessDeniedException",
    message:
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not " +
      "allowed to access. (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: 1)",
    code: "aws_kms_denied",
  },
  {
    when: "another account's secret has the default key",
    name: "InvalidRequestException",
    message:
      "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
    code: "aws_kms_denied",
    advice: ": encrypt it with a key of your own, whose policy allows kms:Decrypt to the other account",
  },
  {
    when: "the key is pending deletion",
    name: "InvalidKeyId",
    message: `${KEY} is pending deletion. (Service: AWSKMS; Status Code: 400; Error Code: KMSInvalidStateException)`,
    code: "aws_decryption_failed",
    advice: ": see that its KMS key is there and enabled, and not pending deletion",
  },
  {
    when: "the secret is marked for deletion",
    name: "InvalidRequestException",
    message: "You can't perform this operation on the secret because it was marked for deletion.",
    code: "secret_deleted",
    advice: ": restore it, or refer to another",
  },
  {
    when: "the secret is marked deleted",
    name: "InvalidRequestException",
    message: "You tried to perform the operation on a secret that's currently marked deleted.",
    code: "secret_deleted",
  },
  {
    when: "the request is invalid for another reason",
    name: "InvalidRequestException",
    message: "You can't perform this operation at this time.",
    code: "aws_error",
  },
  {
    when: "the session token has expired",
    name: "ExpiredTokenException",
    message: "The security token included in the request is expired",
    code: "aws_credentials_refused",
    advice: ": the temporary credentials have expired: give newer ones",
  },
  {
    when: "a clock is wrong",
    name: "InvalidSignatureException",
    message:
      "Signature expired: 20261128T220858Z is now earlier than 20261129T132108Z (20261129T132608Z - 5 min.)",
    code: "aws_credentials_refused",
    advice: ": the clock is wrong on one side: set this machine's",
  },
  {
    when: "AWS throttles by a name of its own",
    name: "TooManyRequestsException",
    message: "Rate exceeded",
    code: "aws_throttled",
  },
];

test("of what the SDK says of a search for credentials the first line is told", async () => {
  const failure = Object.assign(new Error("Command failed: get-keys\nhush"), {
    name: "CredentialsProviderError",
  });
  const own = createOwnCredentials({}, { load: () => Promise.reject(failure) });
  const location = { kind: "secret", name: "cart", region: REGION, version: "AWSCURRENT" } as const;
  await expect(own(location, AbortSignal.timeout(10_000))).rejects.toMatchObject({
    code: "credentials_missing",
    message: `secret cart in ${REGION}: piggy-webhooks has no AWS credentials: Command failed: get-keys`,
  });
});

describe.each(transports)("%s", (_transport, create) => {
  const keys = () => ({
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: USER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: USER.secretAccessKey,
  });

  async function refusalOf({ name, message }: Pick<Refusal, "name" | "message">): Promise<PiggyError> {
    // As often as the SDK tries.
    aws.failNext({ action: "GetSecretValue", times: 3, status: 400, code: name, message });
    const location = { kind: "secret", name: "cart", region: REGION, version: "AWSCURRENT" } as const;
    const error = await create(keys())
      .readStore(location, AbortSignal.timeout(10_000))
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    if (error instanceof PiggyError) return error;
    throw new Error(`not refused: ${String(error)}`);
  }

  test.each(refusals.map((refusal) => [refusal.when, refusal] as const))(
    "when %s",
    async (_when, refusal) => {
      const { code, message } = await refusalOf(refusal);
      const words = refusal.message.replace(/\.$/, "");
      expect(code).toBe(refusal.code);
      expect(message).toStartWith(`secret cart in ${REGION}: ${refusal.name}`);
      expect(message).toContain(words);
      expect(message).toEndWith(refusal.advice ?? "");
    },
  );

  describe("the error's name is found wherever and however it is written", () => {
    const coral = "http://internal.amazon.com/coral/com.amazon.coral.validate/";
    test.each([
      ['{"__type":"ThrottlingException"}', ""],
      [`{"__type":"ThrottlingException:${coral}"}`, ""],
      ['{"__type":"com.amazonaws.ssm#ThrottlingException"}', ""],
      [`{"__type":"com.amazonaws.ssm#ThrottlingException:${coral}#x"}`, ""],
      ['{"code":"ThrottlingException"}', ""],
      ["{}", `ThrottlingException:${coral}`],
      ["", "ThrottlingException"],
    ])("%s %s", async (body, type) => {
      const headers = type === "" ? {} : { "x-amzn-errortype": type };
      const store = startEndpoint(() => new Response(body, { status: 400, headers }));
      const { readStore } = create({ ...keys(), AWS_ENDPOINT_URL: store.url });
      const location = { kind: "secret", name: "cart", region: REGION, version: "AWSCURRENT" } as const;
      const refused = await caught(() => readStore(location, AbortSignal.timeout(10_000)));
      await store.stop();
      expect(refused).toMatchObject({
        code: "aws_throttled",
        message: `secret cart in ${REGION}: ThrottlingException`,
      });
    });
  });

  test("the request is not repeated, in which a session token stands, though AWS does it", async () => {
    const { message } = await refusalOf({
      name: "InvalidSignatureException",
      message:
        "The request signature we calculated does not match the signature you provided. Consult the service documentation " +
        "for details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:hush-token",
    });
    expect(message).toContain("Consult the service documentation for details: the secret access key is not");
    expect(message).not.toContain("hush");
    const incomplete = await refusalOf({
      name: "IncompleteSignatureException",
      message:
        "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Credential=hush",
    });
    expect(incomplete.code).toBe("aws_credentials_refused");
    expect(incomplete.message).not.toContain("hush");
  });

  test("what could move a terminal's cursor is written out", async () => {
    const { message } = await refusalOf({
      name: "ValidationException",
      message: "bad \u001b[2J \u202e name",
    });
    expect(message).toEndWith("ValidationException: bad \\u{1b}[2J \\u{202e} name");
  });
});
