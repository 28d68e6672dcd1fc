/** Secrets of other accounts, which piggy-webhooks reads as a role there, where moto stands for AWS. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  HUSH,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "../secrets/asking.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { type Moto, startMoto } from "./server.ts";

setDefaultTimeout(60_000);

const ABROAD = "arn:aws:iam::222222222222:role/piggy";
const roleOf = (namespace: string) => `arn:aws:iam::333333333333:role/piggy-${namespace}`;

let moto: Moto;
let world: World;
let door: SecretDoor;
let arn: string;

beforeAll(async () => {
  moto = await startMoto();
  const roles = [
    { secrets: "arn:aws:secretsmanager:*:222222222222:secret:**", role: ABROAD, externalId: "cluster-1" },
    { secrets: "named/**, /named/**", role: roleOf("{namespace}") },
  ];
  world = await startWorld({
    environment: {
      AWS_ENDPOINT_URL: moto.url,
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "secret",
      PIGGY_ASSUME_ROLES: JSON.stringify(roles),
    },
  });
  door = secretDoor(world.webhook, world.authority.pem);
  const put = (name: string) => ({ region: REGION, name, value: `{"password":"${HUSH}${name}"}` });
  const [abroad, shop] = await Promise.all([moto.as(ABROAD), moto.as(roleOf("shop"))]);
  ({ arn } = await abroad.putSecret(put("abroad/db")));
  await shop.putSecret(put("named/db"));
  await shop.putParameter({ region: REGION, name: "/named/password", value: `${HUSH}parameter` });
  await moto.putSecret(put("home/db"));
});
afterAll(() => Promise.all([world.stop(), moto.stop()]));

async function ask(options: PodOptions, keys: readonly string[] = ["password"]) {
  const pod = await startPod(world.kubernetes, options);
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, keys));
}
const ofSecret = (name: string): PodOptions => ({ annotations: { "aws-secret-name": name } });

test("a secret of another account is read as a role there, by its ARN, with or without the suffix", async () => {
  expect(arn).toContain(":222222222222:");
  for (const name of [arn, arn.slice(0, -7)]) {
    const { status, body } = await ask(ofSecret(name));
    expect([status, body]).toEqual([200, `{"password":"${HUSH}abroad/db"}`]);
  }
});

test("a name is looked for in the account of the role that is for it", async () => {
  expect((await ask(ofSecret("named/db"))).body).toBe(`{"password":"${HUSH}named/db"}`);
  const path = await ask({ annotations: { "aws-ssm-parameter-path": "/named" } });
  expect(path.body).toBe(`{"password":"${HUSH}parameter"}`);
  const key = "//sm/named/db#/password";
  const entry = await ask({ env: { PASSWORD: `piggy:${key}` } }, [key]);
  expect(JSON.parse(entry.body)).toEqual({ [key]: `${HUSH}named/db` });
});

test("what no rule names is read in the account of the webhook", async () => {
  expect((await ask(ofSecret("home/db"))).body).toBe(`{"password":"${HUSH}home/db"}`);
  const { status, audit } = await ask(ofSecret("abroad/db"));
  expect([status, audit?.["code"]]).toEqual([400, "secret_not_found"]);
});

test("no output holds a token or a value", () => door.expectDiscretion());
