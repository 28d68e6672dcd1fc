/** What containers get through piggy-webhooks, over TLS, where moto stands for AWS. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HUSH, ownToken, type PodOptions, requestOf, secretDoor, startPod } from "../secrets/asking.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { type Moto, startMoto } from "./server.ts";

setDefaultTimeout(60_000);

const KEYS = { AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "secret" };
/** In the account that moto keeps everything in, unless who asks is of another. */
const ROLE = "arn:aws:iam::123456789012:role/piggy-webhooks";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-moto-webhook-"));
  await writeFile(join(directory, "token"), "header.claims.signature");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each<[string, () => Record<string, string>]>([
  ["keys of its environment", () => KEYS],
  [
    "a role for its web identity",
    () => ({
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, "token"),
    }),
  ],
])("piggy-webhooks with %s", (_identity, credentials) => {
  let moto: Moto;
  let world: World;
  let door: ReturnType<typeof secretDoor>;
  beforeAll(async () => {
    moto = await startMoto();
    world = await startWorld({ environment: { ...credentials(), AWS_ENDPOINT_URL: moto.url } });
    door = secretDoor(world.webhook, world.authority.pem);
  });
  afterAll(() => Promise.all([world.stop(), moto.stop()]));

  async function askFor(keys: readonly string[], options: PodOptions = {}) {
    const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
    const pod = await startPod(world.kubernetes, { env, ...options });
    const answer = await door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, keys));
    expect([answer.status, answer.body.slice(0, 1)]).toEqual([200, "{"]);
    return JSON.parse(answer.body);
  }

  const put = (name: string, value: string | Uint8Array, region = REGION) =>
    moto.putSecret({ region, name, value });

  test("gives the keys of a secret, in the version that the Pod names", async () => {
    const first = await put("shop/cart", `{"password":"${HUSH}1","count":12345678901234567890}`);
    await put("shop/cart", `{"password":"${HUSH}2","count":2,"nothing":null}`);
    const at = (version: string) =>
      askFor(["password", "count", "nothing"], {
        annotations: { "aws-secret-name": "shop/cart", "aws-secret-version": version },
      });
    expect(await at("AWSCURRENT")).toEqual({ password: `${HUSH}2`, count: "2" });
    expect(await at("AWSPREVIOUS")).toEqual({ password: `${HUSH}1`, count: "12345678901234567890" });
    expect(await at(first.versionId)).toEqual({ password: `${HUSH}1`, count: "12345678901234567890" });
  });

  test("gives the keys of a secret that is named by its ARN, in the partitions of AWS", async () => {
    for (const region of [REGION, "us-gov-west-1", "cn-north-1"]) {
      const { arn } = await put("far/secret", `{"password":"${HUSH}${region}"}`, region);
      const annotations = { "aws-secret-name": arn, "aws-region": region };
      expect(await askFor(["password"], { annotations })).toEqual({ password: HUSH + region });
    }
  });

  test("gives more parameters of a path than a page holds", async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `KEY_${index}`);
    for (const key of keys) {
      const name = `/shop/cart/${key}`;
      await moto.putParameter({ region: REGION, name, value: HUSH + key, type: "SecureString" });
    }
    await moto.putParameter({ region: REGION, name: "/shop/cart2/OTHER", value: `${HUSH}other` });
    const values = await askFor([...keys, "OTHER"], {
      annotations: { "aws-ssm-parameter-path": "/shop/cart" },
    });
    expect(values).toEqual(Object.fromEntries(keys.map((key) => [key, HUSH + key])));
  });

  test("gives secrets of their own, by the odd names that AWS gives", async () => {
    const odd = "rds!cluster-6f0c2a9e-58d1-4c6e-9d0f-1a2b3c4d5e6f";
    const { arn } = await put(odd, `{"password":"${HUSH}rds","a b":"${HUSH}space","a/b":"${HUSH}slash"}`);
    const { arn: government } = await put("app/key", `${HUSH}gov`, "us-gov-east-1");
    await put("team/deep/app", `${HUSH}deep`);
    await put("app/at@example.com+x=1", `${HUSH}signs`);
    const expected = {
      [`//sm/${odd}#/password`]: `${HUSH}rds`,
      [`//sm/${odd}#/a b`]: `${HUSH}space`,
      [`//sm/${odd}#/a%20b`]: `${HUSH}space`,
      [`//sm/${odd}#/a~1b`]: `${HUSH}slash`,
      [`//sm/${arn}#/password`]: `${HUSH}rds`,
      [`//sm/${arn.slice(0, -7)}#/password`]: `${HUSH}rds`,
      [`//sm/${government}`]: `${HUSH}gov`,
      "//sm/team%2Fdeep%2Fapp": `${HUSH}deep`,
      "//sm/app/at@example.com+x=1": `${HUSH}signs`,
    };
    expect(await askFor(Object.keys(expected))).toEqual(expected);
  });

  test("gives versions and bytes of secrets of their own", async () => {
    const { versionId } = await put("app/versions", `${HUSH}1`);
    await put("app/versions", `${HUSH}2`);
    await put("app/bytes", Uint8Array.of(0, 255, 10, 128));
    await put("app/text", Buffer.from(`${HUSH}text`));
    const expected = {
      "//sm/app/versions": `${HUSH}2`,
      "//sm/app/versions?stage=AWSPREVIOUS": `${HUSH}1`,
      [`//sm/app/versions?version=${versionId}`]: `${HUSH}1`,
      "//sm/app/bytes?encoding=base64": "AP8KgA==",
      "//sm/app/text": `${HUSH}text`,
    };
    expect(await askFor(Object.keys(expected))).toEqual(expected);
  });

  test("gives parameters of their own, by version, label, ARN and type", async () => {
    const region = REGION;
    for (const value of [`${HUSH}1`, `${HUSH}2`, `${HUSH}3`]) {
      await moto.putParameter({ region, name: "/app/KEY", value, type: "SecureString" });
    }
    await moto.labelParameter({ region, name: "/app/KEY", version: 2, label: "stable" });
    await moto.putParameter({ region, name: "/app/LIST", value: "a,b", type: "StringList" });
    await moto.putParameter({ region, name: "BARE", value: `${HUSH}bare` });
    const china = { region: "cn-north-1", name: "/app/KEY", value: `${HUSH}cn` };
    const { arn } = await moto.putParameter(china);
    const newest = await askFor(["//ssm/app/KEY"]);
    expect(newest).toEqual({ "//ssm/app/KEY": `${HUSH}3` });
    const expected = {
      "//ssm/app/KEY?version=1": `${HUSH}1`,
      "//ssm/app/KEY?label=stable": `${HUSH}2`,
      "//ssm/app/LIST": "a,b",
      "//ssm/BARE": `${HUSH}bare`,
      "//ssm/app/KEY?region=cn-north-1": `${HUSH}cn`,
      [`//ssm/${arn}`]: `${HUSH}cn`,
    };
    expect(await askFor(Object.keys(expected))).toEqual(expected);
  });

  test("says of what is not there, or going, that it is not there", async () => {
    await put("app/going", `${HUSH}going`);
    await moto.deleteSecret({ region: REGION, name: "app/going" });
    const keys = ["//sm/app/none", "//sm/app/going", "//ssm/app/NONE", "//sm/app/versions?stage=NONE"];
    expect(await askFor(keys)).toEqual({});
    const unresolved = door.decisions().at(-1)?.["unresolved"];
    expect(unresolved).toEqual({
      ...Object.fromEntries(keys.map((key) => [key, "secret_not_found"])),
      "//sm/app/going": "secret_deleted",
    });
  });

  test("and no output holds a token or a value", () => door.expectDiscretion());
});
