import { AwsError, badRequest, toAwsError } from "../../fakes/aws/error.ts";
import { Identities, type User } from "../../fakes/aws/identities.ts";
import { authenticate } from "../../fakes/aws/signature.ts";
import { createToken } from "./oidc.ts";

/** What STS was asked, once its signature was found good. */
export interface AssumedRole {
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Issuer {
  readonly url: string;
  readonly assumed: readonly AssumedRole[];
  addUser(user: User): void;
  stop(): Promise<void>;
}

export const SSO_TOKEN = "the-access-token";
export const WEB_TOKEN = "the-web-identity-token";
/** The one that nobody may assume. */
export const FORBIDDEN_ROLE = "arn:aws:iam::111122223333:role/forbidden";
/** The one that is given for a code of a device only. */
export const GUARDED_ROLE = "arn:aws:iam::111122223333:role/guarded";
export const MFA_DEVICE = { serial: "arn:aws:iam::111122223333:mfa/me", code: "012345" } as const;

/**
 * AssumeRole of STS, signed, GetRoleCredentials of the SSO portal, and CreateToken of its OIDC. Keys follow from who asked for what, so that two
 * askers can be compared; they are good for the next AssumeRole.
 * Sources: AWS STS API Reference; IAM Identity Center Portal API Reference.
 */
export function startIssuer(): Issuer {
  const identities = new Identities();
  const assumed: AssumedRole[] = [];

  function issue(what: string) {
    const credentials = {
      accessKeyId: `ASIA:${what}`,
      secretAccessKey: `secret of ${what}`,
      sessionToken: `token of ${what}`,
    };
    identities.addUser(credentials);
    return credentials;
  }

  async function sts(request: Request): Promise<Response> {
    const received = { headers: request.headers, body: await request.bytes() };
    const form = new URLSearchParams(new TextDecoder().decode(received.body));
    const roleArn = form.get("RoleArn") ?? "";
    const parameters = Object.fromEntries(form);
    const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    if (form.get("Action") === "AssumeRoleWithWebIdentity") {
      if (form.get("WebIdentityToken") !== WEB_TOKEN)
        throw badRequest("InvalidIdentityToken", "not that token");
      assumed.push({ accessKeyId: undefined, region: undefined, parameters });
      return assumedRole(issue(`${roleName}.web`));
    }
    const { identity, region } = await authenticate(received, "sts", identities);
    if (roleArn === FORBIDDEN_ROLE) {
      throw new AwsError(403, "AccessDenied", `User '${identity.arn}' is not authorized`);
    }
    const { serial, code } = MFA_DEVICE;
    if (
      roleArn === GUARDED_ROLE &&
      !(form.get("SerialNumber") === serial && form.get("TokenCode") === code)
    ) {
      throw new AwsError(
        403,
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
      );
    }
    assumed.push({ accessKeyId: identity.accessKeyId, region, parameters });
    return assumedRole(issue(`${roleName}.${identity.accessKeyId.replace("ASIA:", "")}`));
  }

  function portal(request: Request, url: URL): Response {
    if (request.headers.get("x-amz-sso_bearer_token") !== SSO_TOKEN) {
      return Response.json({ message: "Session token not found or invalid" }, { status: 401 });
    }
    const role = url.searchParams.get("role_name");
    if (role === "NoAccess") {
      const message = `No access\nx-amz-sso_bearer_token: ${SSO_TOKEN}`;
      return Response.json({ message }, { status: 403 });
    }
    const credentials = issue(`${role}.${url.searchParams.get("account_id")}`);
    return Response.json({ roleCredentials: { ...credentials, expiration: Date.now() + 3_600_000 } });
  }

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const url = new URL(request.url);
      if (request.method === "GET" && url.pathname === "/federation/credentials") return portal(request, url);
      if (url.pathname === "/token") return createToken(request, SSO_TOKEN);
      try {
        return await sts(request);
      } catch (thrown) {
        const { status, code, message } = toAwsError(thrown);
        const error = `<Error><Code>${code}</Code><Message>${Bun.escapeHTML(message)}</Message></Error>`;
        return xml(`<ErrorResponse>${error}</ErrorResponse>`, status);
      }
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    assumed,
    addUser: (user) => identities.addUser(user),
    stop: () => server.stop(true),
  };
}

function assumedRole(issued: {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}): Response {
  const { accessKeyId, secretAccessKey, sessionToken } = issued;
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  const credentials =
    `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
    `<SessionToken>${sessionToken}</SessionToken><Expiration>${expiration}</Expiration>`;
  // The SDK reads the one, and skips the other.
  const result = `<Credentials>${credentials}</Credentials>`;
  return xml(
    `<Response><AssumeRoleResult>${result}</AssumeRoleResult>` +
      `<AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></Response>`,
    200,
  );
}

const xml = (body: string, status: number) =>
  new Response(`<?xml version="1.0"?>${body}`, { status, headers: { "content-type": "text/xml" } });
