/** A container in standalone mode, where moto stands for AWS. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probe, run } from "../injector/piggy-env.ts";
import { type Moto, startMoto } from "./server.ts";

setDefaultTimeout(120_000);

const REGION = "eu-west-1";
const ROLE = "arn:aws:iam::123456789012:role/application";

let moto: Moto;
let directory: string;
beforeAll(async () => {
  moto = await startMoto();
  directory = await mkdtemp(join(tmpdir(), "piggy-moto-standalone-"));
  await writeFile(join(directory, "token"), "header.claims.signature");
  const { putSecret, putParameter } = moto;
  await putSecret({ region: REGION, name: "demo/app", value: '{"KEY":"first"}' });
  await putSecret({ region: REGION, name: "demo/app", value: '{"KEY":"second","COUNT":3}' });
  await putSecret({ region: REGION, name: "rds!db-1", value: '{"password":"of rds"}' });
  await putSecret({ region: REGION, name: "demo/bytes", value: Uint8Array.of(0, 255) });
  for (let index = 0; index < 12; index += 1) {
    await putParameter({ region: REGION, name: `/demo/K${index}`, value: `v${index}`, type: "SecureString" });
  }
  await putParameter({ region: REGION, name: "/demo/K0", value: "newer" });
  await putParameter({ region: REGION, name: "/demo/LIST", value: "a,b", type: "StringList" });
});
afterAll(async () => {
  await moto.stop();
  await rm(directory, { recursive: true, force: true });
});

describe.each<[string, () => Record<string, string>]>([
  ["keys", () => ({ AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "secret" })],
  [
    "a role for its web identity",
    () => ({
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, "token"),
    }),
  ],
])("piggy-env --standalone with %s", (_identity, credentials) => {
  /** The values that the command is given, by the references that stood there. */
  async function resolved(references: readonly string[], settings: Readonly<Record<string, string>>) {
    const variables = Object.fromEntries(references.map((reference, index) => [`V${index}`, reference]));
    const outcome = await run(["--", await probe()], {
      ...variables,
      ...credentials(),
      ...settings,
      AWS_ENDPOINT_URL: moto.url,
      PIGGY_STANDALONE: "true",
      PIGGY_AWS_REGION: REGION,
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    const { variable } = outcome.started();
    return references.map((_, index) => variable(`V${index}`));
  }

  test("resolves the keys of a secret, of a version too", async () => {
    const settings = { PIGGY_AWS_SECRET_NAME: "demo/app" };
    expect(await resolved(["piggy:KEY", `x-\${piggy:COUNT}`], settings)).toEqual(["second", "x-3"]);
    const previous = { ...settings, PIGGY_AWS_SECRET_VERSION: "AWSPREVIOUS" };
    expect(await resolved(["piggy:KEY"], previous)).toEqual(["first"]);
  });

  test("resolves the parameters of a path, to the last page", async () => {
    const settings = { PIGGY_AWS_SSM_PARAMETER_PATH: "/demo" };
    const references = Array.from({ length: 12 }, (_, index) => `piggy:K${index}`);
    const values = references.map((_, index) => (index === 0 ? "newer" : `v${index}`));
    expect(await resolved(references, settings)).toEqual(values);
  });

  test("resolves secrets and parameters of their own", async () => {
    const expected = {
      "piggy://sm/rds!db-1#/password": "of rds",
      "piggy://sm/demo%2Fapp?stage=AWSPREVIOUS#/KEY": "first",
      "piggy://sm/demo/bytes?encoding=base64": "AP8=",
      "piggy://ssm/demo/K0?version=1": "v0",
      "piggy://ssm/demo/LIST": "a,b",
    };
    expect(await resolved(Object.keys(expected), {})).toEqual(Object.values(expected));
  });
});
