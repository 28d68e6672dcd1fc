/** Profiles, from files in a home folder, beside what the SDK makes of the same files. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { fromIni } from "@aws-sdk/credential-provider-ini";
import { PiggyError } from "../../../lib/error.ts";
import { type Home, makeHome } from "./home.ts";
import { FORBIDDEN_ROLE, type Issuer, SSO_TOKEN, startIssuer, WEB_TOKEN } from "./issuer.ts";
import { type Environment, REGION, refusalOf, resolve } from "./resolve.ts";

const USER = { accessKeyId: "AKIAUSER", secretAccessKey: "user/secret+key=" };
const OTHER = { accessKeyId: "AKIAOTHER", secretAccessKey: "other/secret" };
const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

const keys = ({ accessKeyId, secretAccessKey }: typeof USER) =>
  `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
const roleOf = (name: string) => `role_arn = arn:aws:iam::111122223333:role/${name}\n`;

let home: Home;
let issuer: Issuer;
beforeEach(async () => {
  home = await makeHome();
  issuer = startIssuer();
  issuer.addUser(USER);
  issuer.addUser(OTHER);
});
afterEach(async () => {
  await issuer.stop();
  await home.remove();
});

const environmentOf = (profile?: string): Environment => ({
  HOME: home.path,
  AWS_PROFILE: profile,
  AWS_ENDPOINT_URL: issuer.url,
  PATH: process.env["PATH"],
});

const PROCESS_MACHINE = ["HOME", "AWS_ENDPOINT_URL", "AWS_REGION"] as const;

/** The SDK's reader of profiles, which takes its surroundings from the process. */
async function sdk(profile: string) {
  const machine = PROCESS_MACHINE.map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, { HOME: home.path, AWS_ENDPOINT_URL: issuer.url, AWS_REGION: REGION });
  try {
    const found = await fromIni({
      profile,
      filepath: `${home.path}/.aws/credentials`,
      configFilepath: `${home.path}/.aws/config`,
      ignoreCache: true,
    })();
    const { accessKeyId, secretAccessKey, sessionToken } = found;
    return { accessKeyId, secretAccessKey, sessionToken };
  } finally {
    for (const [name, value] of machine) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

interface Case {
  readonly name: string;
  readonly config?: string;
  readonly credentials?: string;
  readonly profile?: string;
  readonly expected: string;
}

const sso = (rest = "") => `sso_account_id = 111122223333\nsso_role_name = Dev\n${rest}`;
const SESSION = "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.test/start\n";

const cases: readonly Case[] = [
  { name: "keys of the credentials file", credentials: `[default]\n${keys(USER)}`, expected: "AKIAUSER" },
  { name: "keys of the config file", config: `[default]\n${keys(USER)}`, expected: "AKIAUSER" },
  {
    name: "keys of both, the credentials file's",
    config: `[default]\n${keys(OTHER)}`,
    credentials: `[default]\n${keys(USER)}`,
    expected: "AKIAUSER",
  },
  {
    name: "a named profile of the config file, with quotes and comments",
    config: `# mine\n[profile "dev"] ; here\n${keys(USER)}# ${keys(OTHER)}`,
    profile: "dev",
    expected: "AKIAUSER",
  },
  {
    name: "a named profile of the credentials file, with CRLF",
    credentials: `# mine\n[dev] # here\n${keys(USER)}# end\n`.replaceAll("\n", "\r\n"),
    profile: "dev",
    expected: "AKIAUSER",
  },
  {
    name: "[profile default] rather than [default]",
    config: `[profile default]\n${keys(USER)}[default]\n${keys(OTHER)}`,
    expected: "AKIAUSER",
  },
  {
    name: "keys around a nested block",
    config: `[default]\n${keys(USER)}s3 =\n  aws_access_key_id = nested\n  max_queue_size = 1\naws_session_token = t\n`,
    expected: "AKIAUSER",
  },
  {
    name: "a section that comes twice",
    config: `[profile dev]\naws_access_key_id = AKIAUSER\n[profile x]\nregion = a\n[profile dev]\naws_secret_access_key = s\n`,
    profile: "dev",
    expected: "AKIAUSER",
  },
  {
    name: "a role by another profile's keys",
    config: `[profile dev]\n${roleOf("reader")}source_profile = base\nexternal_id = x\n`,
    credentials: `[base]\n${keys(USER)}`,
    profile: "dev",
    expected: "ASIA:reader.AKIAUSER",
  },
  {
    name: "a role by its own keys",
    config: `[default]\n${roleOf("reader")}source_profile = default\n${keys(USER)}`,
    expected: "ASIA:reader.AKIAUSER",
  },
  {
    name: "a role by a role by keys",
    config:
      `[profile a]\n${roleOf("first")}source_profile = b\n` +
      `[profile b]\n${roleOf("second")}source_profile = c\n[profile c]\n${keys(USER)}`,
    profile: "a",
    expected: "ASIA:first.second.AKIAUSER",
  },
  {
    name: "a role by a profile whose source is the first again, for its keys",
    config:
      `[profile a]\n${roleOf("first")}source_profile = b\n${keys(USER)}` +
      `[profile b]\n${roleOf("second")}source_profile = a\n`,
    profile: "a",
    expected: "ASIA:first.second.AKIAUSER",
  },
  {
    name: "keys before a role of web identity",
    config: `[default]\n${roleOf("web")}web_identity_token_file = /nowhere\n${keys(USER)}`,
    expected: "AKIAUSER",
  },
  {
    name: "a role by web identity",
    config: `[default]\n${roleOf("web")}web_identity_token_file = HOME/token\n`,
    expected: "ASIA:web.web",
  },
  {
    name: "a command, by its shell",
    config: `[default]\ncredential_process = printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"s","SessionToken":"t"}' "$(echo AKIAPROCESS)"\n`,
    expected: "AKIAPROCESS",
  },
  {
    name: "a command rather than SSO",
    config: `[default]\nsso_session = corp\n${sso()}credential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"s"}'\n${SESSION}`,
    expected: "AKIAPROCESS",
  },
  {
    name: "SSO by a session",
    config: `[profile dev]\nsso_session = corp\n${sso()}${SESSION}`,
    profile: "dev",
    expected: "ASIA:Dev.111122223333",
  },
  {
    name: "SSO without a session, as of old",
    config: `[profile dev]\n${sso("sso_region = eu-central-1\nsso_start_url = https://corp.test/start\n")}`,
    profile: "dev",
    expected: "ASIA:Dev.111122223333",
  },
  {
    name: "a role by SSO",
    config: `[profile dev]\n${roleOf("reader")}source_profile = s\n[profile s]\nsso_session = corp\n${sso()}${SESSION}`,
    profile: "dev",
    expected: "ASIA:reader.Dev.111122223333",
  },
];

async function arrange({ config, credentials }: Pick<Case, "config" | "credentials">): Promise<void> {
  const placed = (text: string) => text.replaceAll("HOME", home.path);
  if (config !== undefined) await home.write(".aws/config", placed(config));
  if (credentials !== undefined) await home.write(".aws/credentials", placed(credentials));
  await home.write("token", `${WEB_TOKEN}`);
  const token = { accessToken: SSO_TOKEN, expiresAt: IN_AN_HOUR };
  for (const id of ["corp", "https://corp.test/start"]) await home.writeSsoToken(id, token);
}

describe("a profile gives credentials, and the same as the SDK's", () => {
  test.each(cases.map((each) => [each.name, each] as const))("%s", async (_name, given) => {
    await arrange(given);
    const found = await resolve(environmentOf(given.profile));
    expect(found.accessKeyId).toBe(given.expected);
    expect(found).toEqual(await sdk(given.profile ?? "default"));
  });
});

describe("the role of a profile is asked for", () => {
  const asRole = `[profile dev]\n${roleOf("reader")}source_profile = default\n`;

  test("with its name, external id and duration, in its own region", async () => {
    const settings =
      "role_session_name = me\nexternal_id = 4711\nduration_seconds = 900\nregion = us-west-2\n";
    await arrange({ config: asRole + settings, credentials: `[default]\n${keys(USER)}` });
    await resolve(environmentOf("dev"));
    expect(issuer.assumed).toMatchObject([
      {
        region: "us-west-2",
        parameters: { RoleSessionName: "me", ExternalId: "4711", DurationSeconds: "900" },
      },
    ]);
  });

  test("each of a chain in its own region", async () => {
    await arrange({
      config:
        `[profile dev]\n${roleOf("a")}source_profile = b\nregion = us-west-2\n` +
        `[profile b]\n${roleOf("b")}source_profile = default\n`,
      credentials: `[default]\n${keys(USER)}`,
    });
    await resolve(environmentOf("dev"));
    expect(issuer.assumed.map(({ region }) => region)).toEqual([REGION, "us-west-2"]);
  });

  test("for an hour, as piggy-env, in the region that is asked for", async () => {
    await arrange({ config: asRole, credentials: `[default]\n${keys(USER)}region = us-west-2\n` });
    await resolve(environmentOf("dev"));
    const [asked] = issuer.assumed;
    expect(asked).toMatchObject({
      accessKeyId: "AKIAUSER",
      region: REGION,
      parameters: { RoleSessionName: "piggy-env", DurationSeconds: "3600" },
    });
    expect(Object.keys(asked?.parameters ?? {})).not.toContain("ExternalId");
  });

  test("at the global STS, signed for us-east-1, where AWS_STS_REGIONAL_ENDPOINTS says legacy", async () => {
    await arrange({ config: asRole, credentials: `[default]\n${keys(USER)}` });
    const asked: { host: string; authorization: string | undefined }[] = [];
    const environment = {
      ...environmentOf("dev"),
      AWS_ENDPOINT_URL: undefined,
      AWS_STS_REGIONAL_ENDPOINTS: "legacy",
    };
    const noAnswer = resolve(environment, {
      send: async ({ host }, { headers }) => {
        asked.push({ host, authorization: headers["authorization"] });
        throw new Error("not in a test");
      },
    });
    expect(await refusalOf(noAnswer)).toMatchObject({ code: "aws_unavailable" });
    expect(asked).toEqual([
      { host: "sts.amazonaws.com", authorization: expect.stringContaining("/us-east-1/sts/aws4_request") },
    ]);
  });
});

describe("AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name the files", () => {
  test("absolutely, without HOME", async () => {
    const file = await home.write("elsewhere", `[default]\n${keys(USER)}`);
    const found = await resolve({ AWS_SHARED_CREDENTIALS_FILE: file });
    expect(found.accessKeyId).toBe("AKIAUSER");
  });

  test("from the home folder", async () => {
    await home.write("elsewhere", `[profile dev]\n${keys(USER)}`);
    const found = await resolve({ ...environmentOf("dev"), AWS_CONFIG_FILE: "~/elsewhere" });
    expect(found.accessKeyId).toBe("AKIAUSER");
  });
});

interface Refusal {
  readonly when: string;
  readonly config: string;
  readonly code: string;
  readonly says: string;
  readonly token?: object;
  readonly environment?: Environment;
}

const ssoProfile = `[profile dev]\nsso_session = corp\n${sso()}`;
const refusals: readonly Refusal[] = [
  {
    when: "AWS_PROFILE names a profile that is not there",
    config: "[profile other]\nregion = eu-west-1\n",
    code: "credentials_missing",
    says: "AWS_PROFILE names the profile dev, which is not in",
  },
  {
    when: "the profile says nothing about credentials, and there are none elsewhere",
    config: "[profile dev]\nregion = eu-west-1\n",
    code: "credentials_missing",
    says: "credentials of profile dev in",
  },
  {
    when: "the source profile is not there",
    config: `[profile dev]\n${roleOf("reader")}source_profile = nobody\n`,
    code: "setting_invalid",
    says: "source_profile nobody is not in",
  },
  {
    when: "source profiles go in a circle",
    config: `[profile dev]\n${roleOf("a")}source_profile = b\n[profile b]\n${roleOf("b")}source_profile = dev\n`,
    code: "setting_invalid",
    says: "leads in a circle",
  },
  {
    when: "the source profile says nothing about credentials",
    config: `[profile dev]\n${roleOf("reader")}source_profile = b\n[profile b]\nregion = eu-west-1\n`,
    code: "setting_invalid",
    says: "source_profile b says nothing about credentials",
  },
  {
    when: "the role has no source",
    config: `[profile dev]\n${roleOf("reader")}`,
    code: "setting_invalid",
    says: "role_arn needs source_profile",
  },
  {
    when: "the role has two sources",
    config: `[profile dev]\n${roleOf("reader")}source_profile = a\ncredential_source = Environment\n`,
    code: "setting_invalid",
    says: "exclude each other",
  },
  {
    when: "the credential source is unknown",
    config: `[profile dev]\n${roleOf("reader")}credential_source = Magic\n`,
    code: "setting_invalid",
    says: "credential_source Magic is none of",
  },
  {
    when: "the credential source is an environment without keys",
    config: `[profile dev]\n${roleOf("reader")}credential_source = Environment\n`,
    code: "credentials_missing",
    says: "AWS_SECRET_ACCESS_KEY is not set",
  },
  {
    when: "the role needs a second factor, and nobody is there to be asked",
    config: `[profile dev]\n${roleOf("reader")}source_profile = dev\nmfa_serial = arn:aws:iam::1:mfa/me\n${keys(USER)}`,
    code: "credentials_missing",
    says: "aws configure export-credentials --profile dev",
  },
  {
    when: "the duration is no number",
    config: `[profile dev]\n${roleOf("reader")}source_profile = dev\nduration_seconds = 1h\n${keys(USER)}`,
    code: "setting_invalid",
    says: "duration_seconds 1h",
  },
  {
    when: "STS refuses the role",
    config: `[profile dev]\nrole_arn = ${FORBIDDEN_ROLE}\nsource_profile = dev\n${keys(USER)}`,
    code: "aws_access_denied",
    says: "AccessDenied: User 'arn:aws:iam::111122223333:user/AKIAUSER' is not authorized",
  },
  {
    when: "the source's secret key is wrong",
    config: `[profile dev]\n${roleOf("reader")}source_profile = dev\n${keys({ ...USER, secretAccessKey: "wrong" })}`,
    code: "aws_credentials_refused",
    says: "InvalidSignature",
  },
  {
    when: "the web identity token cannot be read",
    config: `[profile dev]\n${roleOf("reader")}web_identity_token_file = /nowhere/token\n`,
    code: "credentials_missing",
    says: "web_identity_token_file of profile dev",
  },
  {
    when: "the session is of aws login",
    config: "[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/me\n",
    code: "setting_invalid",
    says: "credential_process = aws configure export-credentials",
  },
  {
    when: "nobody has logged in to SSO",
    config: ssoProfile.replace("corp", "nobody") + SESSION.replace("corp", "nobody"),
    code: "credentials_missing",
    says: "run `aws sso login --profile dev`",
  },
  {
    when: "the SSO session has expired",
    config: ssoProfile + SESSION,
    token: { accessToken: SSO_TOKEN, expiresAt: AN_HOUR_AGO },
    code: "credentials_missing",
    says: "has expired: run `aws sso login --profile dev`",
  },
  {
    when: "the SSO token's date is none",
    config: ssoProfile + SESSION,
    token: { accessToken: SSO_TOKEN, expiresAt: "soon" },
    code: "credentials_missing",
    says: "run `aws sso login --profile dev`",
  },
  {
    when: "the SSO session was ended elsewhere",
    config: ssoProfile + SESSION,
    token: { accessToken: "of yesterday", expiresAt: IN_AN_HOUR },
    code: "credentials_missing",
    says: "no longer valid: run `aws sso login --profile dev`",
  },
  {
    when: "SSO does not give the role",
    config: ssoProfile.replace("= Dev", "= NoAccess") + SESSION,
    code: "aws_access_denied",
    says: "role NoAccess of account 111122223333 by SSO: HTTP 403: No access",
  },
  {
    when: "the SSO portal does not answer",
    config: ssoProfile + SESSION,
    environment: { AWS_ENDPOINT_URL_SSO: "http://127.0.0.1:1" },
    code: "aws_unavailable",
    says: "SSO at 127.0.0.1:1",
  },
  {
    when: "the SSO session has no section",
    config: ssoProfile,
    code: "setting_invalid",
    says: "no section [sso-session corp]",
  },
  {
    when: "the SSO session has no region",
    config: `${ssoProfile}[sso-session corp]\nsso_start_url = https://corp.test/start\n`,
    code: "setting_invalid",
    says: "[sso-session corp] has no sso_region",
  },
  {
    when: "SSO without a session has no region",
    config: `[profile dev]\n${sso("sso_start_url = https://corp.test/start\n")}`,
    code: "setting_invalid",
    says: "SSO needs sso_session, or sso_start_url and sso_region",
  },
  {
    when: "SSO has no role",
    config: `[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\n${SESSION}`,
    code: "setting_invalid",
    says: "sso_account_id and sso_role_name",
  },
  {
    when: "the SSO region is none",
    config: ssoProfile + SESSION.replace("eu-central-1", "eu.evil.test/"),
    environment: { AWS_ENDPOINT_URL: undefined },
    code: "region_invalid",
    says: "eu.evil.test",
  },
];

describe("without credentials the reason is said", () => {
  test.each(refusals.map((each) => [each.when, each] as const))("when %s", async (_when, given) => {
    await arrange(given);
    if (given.token !== undefined) await home.writeSsoToken("corp", given.token);
    const refusal = await refusalOf(resolve({ ...environmentOf("dev"), ...given.environment }));
    expect(refusal).toEqual({ code: given.code, message: expect.stringContaining(given.says) });
    expect(refusal.message).not.toContain("\n");
    expect(refusal.message).not.toContain(USER.secretAccessKey);
    expect(refusal.message).not.toContain(SSO_TOKEN);
  });
});

test("a portal whose certificate is not accepted is not asked again", async () => {
  await arrange({ config: ssoProfile + SESSION });
  const send = () => Promise.reject(new PiggyError("peer_untrusted", "a certificate of somebody else"));
  expect(await refusalOf(resolve(environmentOf("dev"), { send }))).toMatchObject({ code: "aws_untrusted" });
});

describe("a profile can take its role from", () => {
  const from = (source: string) => `[profile dev]\n${roleOf("reader")}credential_source = ${source}\n`;
  const issued = JSON.stringify({
    AccessKeyId: OTHER.accessKeyId,
    SecretAccessKey: OTHER.secretAccessKey,
    Expiration: IN_AN_HOUR,
  });

  test("the container", async () => {
    await arrange({ config: from("EcsContainer") });
    const container = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(issued) });
    try {
      const AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${container.port}/`;
      const found = await resolve({ ...environmentOf("dev"), AWS_CONTAINER_CREDENTIALS_FULL_URI });
      expect(found.accessKeyId).toBe("ASIA:reader.AKIAOTHER");
    } finally {
      await container.stop(true);
    }
  });

  test("the instance", async () => {
    await arrange({ config: from("Ec2InstanceMetadata") });
    const answers: Readonly<Record<string, string>> = {
      "/latest/api/token": "session",
      "/latest/meta-data/iam/security-credentials/": "node",
      "/latest/meta-data/iam/security-credentials/node": issued,
    };
    const instance = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => new Response(answers[new URL(url).pathname]),
    });
    try {
      const AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${instance.port}`;
      const found = await resolve({ ...environmentOf("dev"), AWS_EC2_METADATA_SERVICE_ENDPOINT });
      expect(found.accessKeyId).toBe("ASIA:reader.AKIAOTHER");
    } finally {
      await instance.stop(true);
    }
  });
});
