/** mfa_serial: whoever starts a program is asked for a code. The terminal itself is in test/injector. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Home, makeHome } from "./home.ts";
import { GUARDED_ROLE, type Issuer, MFA_DEVICE, startIssuer } from "./issuer.ts";
import { refusalOf, resolve } from "./resolve.ts";

const USER = { accessKeyId: "AKIAUSER", secretAccessKey: "user/secret" };

let home: Home;
let issuer: Issuer;
beforeEach(async () => {
  home = await makeHome();
  issuer = startIssuer();
  issuer.addUser(USER);
  await home.write(
    ".aws/config",
    `[profile dev]\nrole_arn = ${GUARDED_ROLE}\nsource_profile = base\nmfa_serial = ${MFA_DEVICE.serial}\n`,
  );
  await home.write(
    ".aws/credentials",
    `[base]\naws_access_key_id = ${USER.accessKeyId}\naws_secret_access_key = ${USER.secretAccessKey}\n`,
  );
});
afterEach(async () => {
  await issuer.stop();
  await home.remove();
});

const questions: string[] = [];
const resolveWith = (answer: string | undefined) => {
  questions.length = 0;
  const ask = async (question: string) => {
    questions.push(question);
    return answer;
  };
  return resolve({ HOME: home.path, AWS_PROFILE: "dev", AWS_ENDPOINT_URL: issuer.url }, { ask });
};

test("the role is given for the device's code", async () => {
  expect((await resolveWith(MFA_DEVICE.code)).accessKeyId).toBe("ASIA:guarded.AKIAUSER");
  expect(questions).toEqual([`Code of the MFA device ${MFA_DEVICE.serial}, for AWS profile dev: `]);
});

test("a code that STS does not accept is its refusal", async () => {
  expect(await refusalOf(resolveWith("999999"))).toEqual({
    code: "aws_access_denied",
    message: expect.stringContaining("invalid MFA one time pass code"),
  });
});

test.each(["", "12345", "1234567", "12345x"])("%j is no code, and is not sent", async (answer) => {
  expect(await refusalOf(resolveWith(answer))).toEqual({
    code: "credentials_missing",
    message: "AWS profile dev: mfa_serial needs a code, and what was given is not six digits",
  });
  expect(issuer.assumed).toEqual([]);
});
