/** An SSO token that has expired, and what becomes of it and of its file. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmod, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { startEndpoint } from "./endpoint.ts";
import { type Home, makeHome } from "./home.ts";
import { type Issuer, SSO_TOKEN, startIssuer } from "./issuer.ts";
import { LIFETIME_SECONDS, NEXT_REFRESH_TOKEN, REGISTRATION } from "./oidc.ts";
import { type Environment, refusalOf, resolve } from "./resolve.ts";

const inHours = (hours: number) => `${new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19)}Z`;

const ROLE = "sso_account_id = 111122223333\nsso_role_name = Dev\n";
const START_URL = "https://corp.test/start";
const SESSION = `[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = ${START_URL}\n`;
const CONFIG = `[profile dev]\nsso_session = corp\n${ROLE}${SESSION}`;

/** As the AWS CLI writes it. */
const expired = () => ({
  startUrl: START_URL,
  region: "eu-central-1",
  accessToken: "the token before",
  expiresAt: inHours(-1),
  ...REGISTRATION,
  registrationExpiresAt: inHours(24),
});

let home: Home;
let issuer: Issuer;
beforeEach(async () => {
  home = await makeHome();
  issuer = startIssuer();
  await home.write(".aws/config", CONFIG);
});
afterEach(async () => {
  await issuer.stop();
  await home.remove();
});

const resolveDev = (environment: Environment = {}) =>
  resolve({ HOME: home.path, AWS_PROFILE: "dev", AWS_ENDPOINT_URL: issuer.url, ...environment });

const isRoot = process.getuid?.() === 0;
const cacheFolder = () => join(home.path, ".aws/sso/cache");
const cacheFile = () => join(cacheFolder(), `${createHash("sha1").update("corp").digest("hex")}.json`);
const cached = async () => JSON.parse(await readFile(cacheFile(), "utf8"));

describe("a token that has expired is renewed", () => {
  test("and the new one is in the cache, for nobody else to read", async () => {
    await chmod(await home.writeSsoToken("corp", { ...expired(), later: "unknown" }), 0o644);
    expect((await resolveDev()).accessKeyId).toBe("ASIA:Dev.111122223333");
    const { expiresAt, ...rest } = await cached();
    const { expiresAt: _before, ...before } = expired();
    expect(rest).toEqual({
      ...before,
      later: "unknown",
      accessToken: SSO_TOKEN,
      refreshToken: NEXT_REFRESH_TOKEN,
      registrationExpiresAt: rest.registrationExpiresAt,
    });
    expect(expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - LIFETIME_SECONDS * 1000)).toBeLessThan(10_000);
    expect((await stat(cacheFile())).mode & 0o777).toBe(0o600);
    expect(await readdir(cacheFolder())).toHaveLength(1);
    // The next start has no need to: its refresh token would be refused.
    expect((await resolveDev()).accessKeyId).toBe("ASIA:Dev.111122223333");
  });

  test("at the OIDC endpoint of the session's region, by what the API's reference says", async () => {
    await home.writeSsoToken("corp", expired());
    const asked: object[] = [];
    const send = async (
      { href }: URL,
      { method, headers, body }: { method: string; headers: object; body?: string },
    ) => {
      asked.push({ href, method, headers, body: JSON.parse(body ?? "null") });
      throw new Error("not in a test");
    };
    const noAnswer = resolve({ HOME: home.path, AWS_PROFILE: "dev" }, { send });
    expect(await refusalOf(noAnswer)).toMatchObject({ code: "aws_unavailable" });
    expect(asked).toEqual([
      {
        href: "https://oidc.eu-central-1.amazonaws.com/token",
        method: "POST",
        headers: { "content-type": "application/json" },
        body: { ...REGISTRATION, grantType: "refresh_token" },
      },
    ]);
  });

  test("also where it cannot be kept", async () => {
    await home.writeSsoToken("corp", expired());
    // Root writes where a mode says no, but not where an attribute does.
    const fixed = ["chattr", "+i", cacheFolder()];
    if (isRoot && !Bun.spawnSync(fixed, { stderr: "ignore" }).success) {
      console.log("test/aws: a cache that cannot be written is not tested: chattr does not work here");
      return;
    }
    if (!isRoot) await chmod(cacheFolder(), 0o555);
    try {
      expect((await resolveDev()).accessKeyId).toBe("ASIA:Dev.111122223333");
      expect((await cached()).accessToken).toBe("the token before");
      expect(await readdir(cacheFolder())).toHaveLength(1);
    } finally {
      if (isRoot) Bun.spawnSync(["chattr", "-i", cacheFolder()]);
      else await chmod(cacheFolder(), 0o755);
    }
  });
});

describe("a login is asked for", () => {
  const login = "run `aws sso login --profile dev`";
  const cases: readonly (readonly [when: string, change: object, says: string])[] = [
    ["there is no refresh token", { refreshToken: undefined }, "has expired"],
    ["there is no client", { clientId: undefined }, "has expired"],
    ["there is no client secret", { clientSecret: undefined }, "has expired"],
    ["the client's registration has expired", { registrationExpiresAt: inHours(-1) }, "has expired"],
    ["the registration's end is not said", { registrationExpiresAt: undefined }, "has expired"],
    [
      "the refresh token is refused",
      { refreshToken: "of yesterday" },
      "has expired and is not renewed (invalid_grant)",
    ],
    ["the client is refused", { clientSecret: "other" }, "has expired and is not renewed (invalid_client)"],
  ];
  test.each(cases)("when %s", async (_when, change, says) => {
    const token = { ...expired(), ...change };
    await home.writeSsoToken("corp", token);
    const message = `the SSO session of AWS profile dev ${says}: ${login}`;
    expect(await refusalOf(resolveDev())).toEqual({ code: "credentials_missing", message });
    expect(await cached()).toEqual(JSON.parse(JSON.stringify(token)));
  });

  test("in the portal's word, and no further where that repeats the request", async () => {
    await home.writeSsoToken("corp", expired());
    const error = `invalid_grant\n${REGISTRATION.refreshToken}`;
    const oidc = startEndpoint(() => Response.json({ error }, { status: 400 }));
    const refusal = await refusalOf(resolveDev({ AWS_ENDPOINT_URL_SSO_OIDC: oidc.url }));
    await oidc.stop();
    expect(refusal.message).toContain("is not renewed (invalid_grant): ");
  });

  test("of a profile without a session, whatever is in its cache", async () => {
    await home.write(
      ".aws/config",
      `[profile dev]\n${ROLE}sso_region = eu-central-1\nsso_start_url = ${START_URL}\n`,
    );
    await home.writeSsoToken(START_URL, expired());
    expect(await refusalOf(resolveDev())).toEqual({
      code: "credentials_missing",
      message: `the SSO session of AWS profile dev has expired: ${login}`,
    });
  });
});

describe("without an answer the old token stays, and the reason is said", () => {
  const answers: readonly (readonly [when: string, () => Response, code: string, says: string])[] = [
    ["throttled", () => new Response("", { status: 429 }), "aws_throttled", "HTTP 429"],
    ["failing", () => new Response("<p>", { status: 500 }), "aws_unavailable", "HTTP 500"],
    ["sent elsewhere", () => Response.redirect("http://127.0.0.1:1/", 302), "aws_unavailable", "HTTP 302"],
    ["answered without a token", () => Response.json({ expiresIn: 1 }), "aws_unavailable", "without a token"],
  ];
  test.each(answers)("when it is %s", async (_when, answer, code, says) => {
    await home.writeSsoToken("corp", expired());
    const oidc = startEndpoint(answer);
    try {
      const refusal = await refusalOf(resolveDev({ AWS_ENDPOINT_URL_SSO_OIDC: oidc.url }));
      expect(refusal).toEqual({ code, message: expect.stringContaining(says) });
      for (const secret of Object.values(REGISTRATION)) expect(refusal.message).not.toContain(secret);
      expect((await cached()).accessToken).toBe("the token before");
    } finally {
      await oidc.stop();
    }
  });
});
