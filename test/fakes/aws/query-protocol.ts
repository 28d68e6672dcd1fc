import { type AwsError, badRequest, unknownOperation } from "./error.ts";
import type { Failures } from "./failures.ts";
import type { Identities } from "./identities.ts";
import type { Call, Protocol } from "./protocol.ts";
import type { AssumedRole, SecurityTokenService, Session } from "./security-token-service.ts";
import { authenticate, parseAuthorization, type Received } from "./signature.ts";

const API_VERSION = "2011-06-15";
const NAMESPACE = `https://sts.amazonaws.com/doc/${API_VERSION}/`;

/** AWS query: a form goes in, XML comes out. AssumeRoleWithWebIdentity is unsigned: who calls has no credentials yet. */
export function queryProtocol(
  tokens: SecurityTokenService,
  identities: Identities,
  failures: Failures,
): Protocol {
  async function run({ action, input }: Call, received: Received, requestId: string): Promise<string> {
    const form = parseForm(received.body);
    if (action !== "AssumeRoleWithWebIdentity" && action !== "AssumeRole") throw unknownOperation();
    if (form.get("Version") !== API_VERSION) {
      throw badRequest("NoSuchVersion", `The requested version (${form.get("Version")}) is not valid.`);
    }
    if (action === "AssumeRole") {
      const { identity } = await authenticate(received, "sts", identities);
      await failures.meet({ action, region: undefined, input });
      return sessionResponse(tokens.assumeRole(form, identity), requestId);
    }
    await failures.meet({ action, region: undefined, input });
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
  const { region, accessKeyId } = parseAuthorization(headers.get("authorization")) ?? {};
  return { service: "sts", action: input["Action"] ?? "", region, accessKeyId, input };
}

const userAndCredentials = ({ identity, roleId, sessionName }: Session) => `\
    <AssumedRoleUser>
      <AssumedRoleId>${roleId}:${xml(sessionName)}</AssumedRoleId>
      <Arn>${xml(identity.arn)}</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${identity.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${identity.secretAccessKey}</SecretAccessKey>
      <SessionToken>${identity.sessionToken}</SessionToken>
      <Expiration>${identity.expiration.toISOString().replace(/\.\d+Z$/, "Z")}</Expiration>
    </Credentials>`;

const sessionResponse = (session: Session, requestId: string) => `\
<AssumeRoleResponse xmlns="${NAMESPACE}">
  <AssumeRoleResult>
${userAndCredentials(session)}
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
`;

const assumedRoleResponse = (role: AssumedRole, requestId: string) => `\
<AssumeRoleWithWebIdentityResponse xmlns="${NAMESPACE}">
  <AssumeRoleWithWebIdentityResult>
    <Audience>${xml(role.audience)}</Audience>
    <Provider>${xml(role.issuer)}</Provider>
${userAndCredentials(role)}
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
