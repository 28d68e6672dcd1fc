import { type AwsError, badRequest, unknownOperation } from "./error.ts";
import type { Failures } from "./failures.ts";
import type { Call, Protocol } from "./protocol.ts";
import type { AssumedRole, SecurityTokenService } from "./security-token-service.ts";
import type { Received } from "./signature.ts";

const API_VERSION = "2011-06-15";
const NAMESPACE = `https://sts.amazonaws.com/doc/${API_VERSION}/`;

/** AWS query: a form goes in, XML comes out. The call is unsigned, for the caller has no credentials yet. */
export function queryProtocol(tokens: SecurityTokenService, failures: Failures): Protocol {
  async function run({ action }: Call, { body }: Received, requestId: string): Promise<string> {
    const form = parseForm(body);
    if (action !== "AssumeRoleWithWebIdentity") throw unknownOperation();
    if (form.get("Version") !== API_VERSION) {
      throw badRequest("NoSuchVersion", `The requested version (${form.get("Version")}) is not valid.`);
    }
    await failures.meet(action);
    return assumedRoleResponse(await tokens.assumeRoleWithWebIdentity(form), requestId);
  }
  return {
    contentType: "text/xml",
    describe,
    run,
    error: (error, requestId) => ({ body: errorResponse(error, requestId), headers: {} }),
  };
}

const parseForm = (body: Uint8Array) => new URLSearchParams(new TextDecoder().decode(body));

function describe({ headers, body }: Received): Call | undefined {
  if (!headers.get("content-type")?.startsWith("application/x-www-form-urlencoded")) return undefined;
  const input = Object.fromEntries(parseForm(body));
  const token = input["WebIdentityToken"];
  // Without its signature a token still shows its claims, but is no longer a credential.
  if (token !== undefined) input["WebIdentityToken"] = token.replace(/\.[^.]*$/, ".");
  return { service: "sts", action: input["Action"] ?? "", region: undefined, accessKeyId: undefined, input };
}

const assumedRoleResponse = (role: AssumedRole, requestId: string) => `\
<AssumeRoleWithWebIdentityResponse xmlns="${NAMESPACE}">
  <AssumeRoleWithWebIdentityResult>
    <Audience>${xml(role.audience)}</Audience>
    <AssumedRoleUser>
      <AssumedRoleId>${role.roleId}:${xml(role.sessionName)}</AssumedRoleId>
      <Arn>${xml(role.identity.arn)}</Arn>
    </AssumedRoleUser>
    <Provider>${xml(role.issuer)}</Provider>
    <Credentials>
      <AccessKeyId>${role.identity.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${role.identity.secretAccessKey}</SecretAccessKey>
      <SessionToken>${role.identity.sessionToken}</SessionToken>
      <Expiration>${role.identity.expiration.toISOString().replace(/\.\d+Z$/, "Z")}</Expiration>
    </Credentials>
    <SubjectFromWebIdentityToken>${xml(role.subject)}</SubjectFromWebIdentityToken>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>
`;

const errorResponse = ({ status, code, message }: AwsError, requestId: string) => `\
<ErrorResponse xmlns="${NAMESPACE}">
  <Error>
    <Type>${status < 500 ? "Sender" : "Receiver"}</Type>
    <Code>${xml(code)}</Code>
    <Message>${xml(message)}</Message>
  </Error>
  <RequestId>${requestId}</RequestId>
</ErrorResponse>
`;

const xml = (text: string) => Bun.escapeHTML(text);
