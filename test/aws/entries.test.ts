/** One secret or one parameter, as a reference names it, by either transport. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { EntryLocation } from "../../lib/aws/entry.ts";
import { PiggyError } from "../../lib/error.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { machine, setEnvironment, transports } from "./transports.ts";

const REGION = "eu-west-1";
const USER = { accessKeyId: "AKIAENTRY", secretAccessKey: "secret+key/of=the/entry" };
const VALUE = "the-value-itself";

type OfSecret = Omit<EntryLocation & { kind: "secret" }, "kind" | "region">;
type OfParameter = Omit<EntryLocation & { kind: "parameter" }, "kind" | "region">;

const secret = (of: OfSecret, region = REGION): EntryLocation => ({ kind: "secret", region, ...of });
const parameter = (of: OfParameter, region = REGION): EntryLocation => ({ kind: "parameter", region, ...of });

let aws: AwsFake;

beforeEach(async () => {
  aws = await startAws();
  aws.addUser(USER);
});
afterEach(async () => {
  setEnvironment(machine);
  await aws.stop();
});

describe.each(transports)("%s", (_name, create) => {
  const read = (location: EntryLocation) =>
    create({
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: USER.accessKeyId,
      AWS_SECRET_ACCESS_KEY: USER.secretAccessKey,
    }).readEntry(location, AbortSignal.timeout(30_000));

  describe("a secret", () => {
    test("is read as a replica, in the replica's region", async () => {
      const { arn } = aws.putSecret({
        region: REGION,
        name: "spread",
        value: VALUE,
        replicas: ["us-east-1"],
      });
      const replica = arn.replace(REGION, "us-east-1");
      expect((await read(secret({ name: "spread" }, "us-east-1"))).value).toBe(VALUE);
      expect((await read(secret({ name: replica }, "us-east-1"))).value).toBe(VALUE);
    });
  });

  describe("a parameter that may only be listed by its path", () => {
    const listing = (path: string) => ({ action: "ssm:GetParametersByPath", resource: path }) as const;
    const asked = () => aws.requests.map(({ action }) => action);
    beforeEach(() => {
      aws.addUser({ ...USER, allow: [listing("/a/b")] });
      for (const name of ["/a/b/KEY", "/a/b/KEY/KEY", "/a/b/z/KEY", "/a/KEY", "/KEY"]) {
        aws.putParameter({ region: REGION, name, value: `of ${name}`, type: "SecureString" });
      }
    });

    test("is read from the listing", async () => {
      expect(await read(parameter({ name: "/a/b/KEY" }))).toMatchObject({
        value: "of /a/b/KEY",
        arn: `arn:aws:ssm:${REGION}:111122223333:parameter/a/b/KEY`,
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(asked()).toEqual(["GetParameter", "GetParametersByPath"]);
    });

    test.each<[string, OfParameter]>([
      ["it is not in the listing", { name: "/a/b/OTHER" }],
      ["its path may not be listed either", { name: "/a/KEY" }],
      ["it is in no path", { name: "/KEY" }],
      ["it has no path in its name", { name: "KEY" }],
      ["a version is meant", { name: "/a/b/KEY", version: "1" }],
      ["a label is meant", { name: "/a/b/KEY", label: "stable" }],
    ])("is refused by the action to allow when %s", async (_when, of) => {
      await expect(read(parameter(of))).rejects.toMatchObject({
        code: "aws_access_denied",
        message: expect.stringContaining("ssm:GetParameter on"),
      });
    });

    test("is not looked for when anything else is wrong", async () => {
      aws.addUser(USER);
      await expect(read(parameter({ name: "/a/b/OTHER" }))).rejects.toMatchObject({
        code: "secret_not_found",
      });
      expect(asked()).toEqual(["GetParameter"]);
    });
  });

  describe("a refusal names the entry and its region, and never holds a value", () => {
    const there = "/there/KEY";
    const refusals: readonly [
      when: string,
      code: PiggyError["code"],
      location: EntryLocation,
      says: string,
      arrange?: () => void,
    ][] = [
      ["the secret is unknown", "secret_not_found", secret({ name: "none" }), "secret none in eu-west-1"],
      [
        "the version is not of the stage",
        "secret_not_found",
        secret({ name: "there", stage: "AWSPREVIOUS" }),
        "AWSPREVIOUS",
      ],
      [
        "the secret is marked for deletion",
        "secret_deleted",
        secret({ name: "there" }),
        "marked for deletion",
        () => aws.deleteSecret({ region: REGION, name: "there" }),
      ],
      ["the secret's name is none", "aws_error", secret({ name: "a name" }), "Invalid name"],
      [
        "the secret's key is denied",
        "aws_kms_denied",
        secret({ name: "there" }),
        "KMS",
        () => void aws.putSecret({ region: REGION, name: "there", value: VALUE, kmsDenied: true }),
      ],
      [
        "no policy allows the secret",
        "aws_access_denied",
        secret({ name: "there" }),
        "secretsmanager:GetSecretValue",
        () => aws.addUser({ ...USER, allow: [] }),
      ],
      [
        "the parameter is unknown",
        "secret_not_found",
        parameter({ name: "/none" }),
        "parameter /none in eu-west-1: ParameterNotFound",
      ],
      [
        "the parameter has no such version",
        "secret_not_found",
        parameter({ name: there, version: "7" }),
        "version 7 of /there/KEY",
      ],
      [
        "the parameter has no such label",
        "secret_not_found",
        parameter({ name: there, label: "gone" }),
        "label gone of /there/KEY",
      ],
      [
        "the parameter's key is denied",
        "aws_kms_denied",
        parameter({ name: there }),
        "customer master key",
        () =>
          void aws.putParameter({
            region: REGION,
            name: there,
            value: VALUE,
            type: "SecureString",
            kmsDenied: true,
          }),
      ],
      [
        "the parameter's key is disabled",
        "aws_decryption_failed",
        parameter({ name: there }),
        "InvalidKeyId",
        () => aws.failNext({ action: "GetParameter", times: 1, status: 400, code: "InvalidKeyId" }),
      ],
      [
        "no policy allows the parameter",
        "aws_access_denied",
        parameter({ name: there }),
        "ssm:GetParameter",
        () => aws.addUser({ ...USER, allow: [] }),
      ],
      [
        "Parameter Store throttles",
        "aws_throttled",
        parameter({ name: there }),
        there,
        () => aws.failNext({ action: "GetParameter", times: 3, status: 400, code: "ThrottlingException" }),
      ],
      [
        "the region is none",
        "region_invalid",
        parameter({ name: there }, "eu-west-1.evil.example"),
        "evil.example",
      ],
    ];

    test.each(refusals)("when %s", async (_when, code, location, says, arrange) => {
      aws.putSecret({ region: REGION, name: "there", value: VALUE });
      aws.putParameter({ region: REGION, name: there, value: VALUE, type: "SecureString" });
      arrange?.();
      const error = await read(location).then(
        () => new Error("it was read"),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof PiggyError)) throw error;
      expect({ code: error.code, message: error.message }).toEqual({
        code,
        message: expect.stringContaining(says),
      });
      expect(error.message).not.toContain(VALUE);
    });

    test("when the version is not the stage's", async () => {
      const { versionId } = aws.putSecret({ region: REGION, name: "two", value: "1" });
      aws.putSecret({ region: REGION, name: "two", value: "2" });
      await expect(read(secret({ name: "two", version: versionId, stage: "AWSCURRENT" }))).rejects.toThrow(
        "VersionStage that is not associated",
      );
    });
  });
});
