/** What STS says where it gives no role, as it writes it, and what is made of it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Endpoint, startEndpoint } from "./credentials/endpoint.ts";
import { type Home, makeHome } from "./credentials/home.ts";
import { refusalOf, resolve } from "./credentials/resolve.ts";

const ROLE = "arn:aws:iam::111122223333:role/reader";

interface Said {
  readonly status?: number;
  readonly code: string;
  readonly message?: string;
}
let said: Said;
let sts: Endpoint;
let home: Home;
beforeEach(async () => {
  home = await makeHome();
  sts = startEndpoint(() => {
    const { status = 400, code, message = "so" } = said;
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
    return new Response(`<ErrorResponse>${error}</ErrorResponse>`, { status });
  });
  await home.write("token", "the-token\n");
  await home.write(
    ".aws/config",
    `[profile dev]\nrole_arn = ${ROLE}\nsource_profile = base\n[profile base]\n` +
      "aws_access_key_id = ASIABASE\naws_secret_access_key = hush\naws_session_token = hush-token\n",
  );
});
afterEach(async () => {
  await sts.stop();
  await home.remove();
});

/** AssumeRole, signed by a session, and AssumeRoleWithWebIdentity, which nobody signs. */
const signed = () => refused({ HOME: home.path, AWS_PROFILE: "dev" });
const unsigned = () => refused({ AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: `${home.path}/token` });
const refused = (environment: Readonly<Record<string, string>>) =>
  refusalOf(resolve({ ...environment, AWS_ENDPOINT_URL_STS: sts.url }));

describe("the request is not repeated, in which a session token stands, though STS does it", () => {
  const words = "The request signature we calculated does not match the signature you provided";
  const request =
    "The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:hush-token'";
  test.each([
    ["as it is", `${words}.\n\n${request}`],
    ["with its lines escaped", `${words}.&#xD;&#10;${request.replaceAll("\n", "&#xa;")}`],
    ["in a header", `${words}. Authorization=AWS4-HMAC-SHA256 Credential=hush`],
  ])("%s", async (_how, message) => {
    said = { status: 403, code: "SignatureDoesNotMatch", message };
    const advice = "the secret access key is not the access key's";
    expect(await signed()).toEqual({
      code: "aws_credentials_refused",
      message: `role ${ROLE}: SignatureDoesNotMatch: ${words}: ${advice}`,
    });
  });
});

describe("credentials that STS does not take are told from a role that it does not give", () => {
  test.each([
    "SignatureDoesNotMatch",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "UnrecognizedClientException",
  ])("%s of who signs", async (code) => {
    said = { status: 403, code };
    expect((await signed()).code).toBe("aws_credentials_refused");
  });

  test.each(["AccessDenied", "ValidationError", "RegionDisabledException"])(
    "%s is no matter of them",
    async (code) => {
      said = { status: 403, code, message: "not authorized to use role/KMS" };
      expect(await signed()).toEqual({
        code: "aws_access_denied",
        message: `role ${ROLE}: ${code}: not authorized to use role/KMS`,
      });
    },
  );

  test.each(["ExpiredTokenException", "InvalidIdentityToken", "IDPRejectedClaim"])(
    "%s of a service account's token",
    async (code) => {
      said = { code };
      expect((await unsigned()).code).toBe("aws_access_denied");
    },
  );
});

describe("what heals by itself is told as that, whoever signs", () => {
  test.each([
    [400, "Throttling", "aws_throttled"],
    [400, "ThrottlingException", "aws_throttled"],
    [400, "RequestLimitExceeded", "aws_throttled"],
    [400, "TooManyRequests", "aws_throttled"],
    [400, "TooManyRequestsException", "aws_throttled"],
    [400, "RequestThrottled", "aws_throttled"],
    [429, "", "aws_throttled"],
    [400, "IDPCommunicationError", "aws_unavailable"],
    [503, "", "aws_unavailable"],
  ])("%d %s", async (status, code, ours) => {
    said = { status, code };
    expect((await signed()).code).toBe(ours);
    expect((await unsigned()).code).toBe(ours);
  });
});
