/** A developer's own identity, as the built program finds it: an SSO session, and a role that wants a second factor. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Home, makeHome } from "../aws/credentials/home.ts";
import { GUARDED_ROLE, type Issuer, MFA_DEVICE, SSO_TOKEN, startIssuer } from "../aws/credentials/issuer.ts";
import { REGISTRATION } from "../aws/credentials/oidc.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { piggyEnv } from "../support/programs.ts";
import { onlyLine, probe, run } from "./piggy-env.ts";

const USER = { accessKeyId: "AKIAUSER", secretAccessKey: "user/secret" };
/** What the issuer gives, and AWS knows. */
const ISSUED = ["Dev.111122223333", "guarded.AKIAUSER"];
const OPTIONS = ["--standalone", "--secret", "myapp/dev", "--region", "eu-west-1", "--"];
const IN_A_DAY = new Date(Date.now() + 86_400_000).toISOString();
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

let aws: AwsFake;
let issuer: Issuer;
let home: Home;
beforeAll(async () => {
  aws = await startAws();
  for (const what of ISSUED) {
    const accessKeyId = `ASIA:${what}`;
    aws.addUser({ accessKeyId, secretAccessKey: `secret of ${what}`, sessionToken: `token of ${what}` });
  }
  aws.putSecret({ region: "eu-west-1", name: "myapp/dev", value: JSON.stringify({ PASSWORD: "hush" }) });
});
afterAll(() => aws.stop());
beforeEach(async () => {
  home = await makeHome();
  issuer = startIssuer();
  issuer.addUser(USER);
});
afterEach(async () => {
  await issuer.stop();
  await home.remove();
});

const environment = () => ({
  HOME: home.path,
  AWS_PROFILE: "dev",
  AWS_ENDPOINT_URL: issuer.url,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
  DB: "piggy:PASSWORD",
});
const start = async () => run([...OPTIONS, await probe()], environment());

describe("an SSO session that has expired", () => {
  const role = "sso_account_id = 111122223333\nsso_role_name = Dev\n";
  const token = { accessToken: "the token before", expiresAt: AN_HOUR_AGO, ...REGISTRATION };

  beforeEach(() =>
    home.write(
      ".aws/config",
      `[profile dev]\nsso_session = corp\n${role}[sso-session corp]\nsso_region = eu-west-1\n`,
    ),
  );

  test("is renewed, and goes on for the AWS CLI", async () => {
    const file = await home.writeSsoToken("corp", { ...token, registrationExpiresAt: IN_A_DAY });
    const outcome = await start();
    expect(outcome.started().variable("DB")).toBe("hush");
    expect(outcome.stderr).toBe("");
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ accessToken: SSO_TOKEN });
  });

  test("or says how to log in, and shows nothing of what it holds", async () => {
    await home.writeSsoToken("corp", { ...token, registrationExpiresAt: AN_HOUR_AGO });
    const outcome = await start();
    expect(outcome.exitCode).toBe(125);
    expect(onlyLine(outcome).message).toContain("run `aws sso login --profile dev`");
    for (const secret of [token.accessToken, ...Object.values(REGISTRATION)]) {
      expect(outcome.stderr).not.toContain(secret);
    }
  });
});

describe("a role that wants a code", () => {
  beforeEach(async () => {
    const keys = `aws_access_key_id = ${USER.accessKeyId}\naws_secret_access_key = ${USER.secretAccessKey}\n`;
    await home.write(
      ".aws/config",
      `[profile dev]\nrole_arn = ${GUARDED_ROLE}\nsource_profile = dev\nmfa_serial = ${MFA_DEVICE.serial}\n${keys}`,
    );
  });

  /** In a session with a terminal that is nobody's stdin, stdout or stderr; `typed` is what is typed once it is asked. */
  async function startAtTerminal(typed: string, command: string) {
    let shown = "";
    const child = Bun.spawn(
      [
        "/bin/sh",
        "-c",
        `exec "$@" </dev/null >"$OUT" 2>"$OUT.err"`,
        "sh",
        ...[await piggyEnv(), ...OPTIONS, ...["/bin/sh", "-c", command, await probe()]],
      ],
      {
        cwd: "/",
        env: { ...environment(), OUT: join(home.path, "out"), PIGGY_DEADLINE: "0s" },
        terminal: {
          data: (terminal, data) => {
            const asked = shown.endsWith(": ");
            shown += Buffer.from(data).toString("utf8");
            if (!asked && shown.endsWith(": ")) terminal.write(typed);
          },
        },
      },
    );
    const exitCode = await child.exited;
    const read = (name: string) => readFile(join(home.path, name), "utf8");
    return { exitCode, shown, stdout: await read("out"), stderr: await read("out.err") };
  }

  test("is given for the one that is typed at the terminal", async () => {
    const { exitCode, shown, stdout, stderr } = await startAtTerminal(`${MFA_DEVICE.code}\n`, 'exec "$0"');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(shown).toStartWith(`Code of the MFA device ${MFA_DEVICE.serial}, for AWS profile dev: `);
    expect(parseProbe(stdout).variable("DB")).toBe("hush");
  });

  test("and the lines behind it are the application's", async () => {
    const { stdout } = await startAtTerminal(
      `${MFA_DEVICE.code}\nfirst\n`,
      'read line </dev/tty; echo "$line"',
    );
    expect(stdout).toBe("first\n");
  });

  test("or is refused for another", async () => {
    const { exitCode, stdout, stderr } = await startAtTerminal("999999\n", 'exec "$0"');
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "" });
    expect(JSON.parse(stderr).message).toContain("invalid MFA one time pass code");
    expect(stderr).not.toContain("999999");
  });

  test("and without a terminal the profile and the way out are named", async () => {
    // In a session of its own: the tests may be run at a terminal.
    const outcome = Bun.spawnSync(["setsid", "--wait", await piggyEnv(), ...OPTIONS, await probe()], {
      env: { ...environment(), PATH: process.env["PATH"], PIGGY_DEADLINE: "0s" },
      stdin: "ignore",
      stderr: "pipe",
    });
    expect(outcome.exitCode).toBe(125);
    const { message } = JSON.parse(outcome.stderr.toString());
    expect(message).toContain("AWS profile dev: mfa_serial needs a code, and there is no terminal");
    expect(message).toContain("aws configure export-credentials --profile dev");
  });
});
