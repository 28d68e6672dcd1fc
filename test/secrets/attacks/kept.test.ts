/** A value that the webhook has already read for one is not for another, nor for the same when it may no more. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../../support/world.ts";
import {
  HUSH,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
} from "../asking.ts";
import { expectDenied } from "./denied.ts";

setDefaultTimeout(60_000);

const WEBHOOK = "arn:aws:iam::111122223333:user/AKIAWEBHOOK000000000";
const roleOf = (namespace: string) => `arn:aws:iam::111122223333:role/of-${namespace}`;

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld({
    environment: {
      PIGGY_CACHE_TTL: "1h",
      PIGGY_ALLOWED_SECRETS: "{namespace}/**,common/**",
      PIGGY_ASSUME_ROLES: JSON.stringify([{ secrets: "common/**", role: roleOf("{namespace}") }]),
    },
  });
  door = secretDoor(world.webhook, world.authority.pem);
  for (const name of ["shop/db", "common/db"]) {
    const value = JSON.stringify({ password: HUSH + name });
    world.aws.putSecret({ region: REGION, name, value });
  }
  const read = { action: "secretsmanager:GetSecretValue", resource: "common/db" } as const;
  world.aws.addTrustingRole(roleOf("shop"), { trusts: WEBHOOK, allow: [read] });
  world.aws.addTrustingRole(roleOf("bank"), { trusts: WEBHOOK, allow: [] });
});
afterAll(() => world.stop());

const start = (namespace: string, secret: string) =>
  startPod(world.kubernetes, { namespace, annotations: { "aws-secret-name": secret } });
const ask = async (pod: StartedPod) => door.ask(await ownToken(world.kubernetes, pod), requestOf(pod));

/** Asks, where AWS must not be asked for it: the webhook has it. */
async function askForKept(pod: StartedPod) {
  const before = world.aws.requests.length;
  const answer = await ask(pod);
  expect(world.aws.requests.slice(before)).toEqual([]);
  return answer;
}

async function expectKept(secret: string): Promise<StartedPod> {
  const pod = await start("shop", secret);
  expect((await ask(pod)).status).toBe(200);
  expect((await askForKept(pod)).body).toBe(JSON.stringify({ password: HUSH + secret }));
  return pod;
}

describe("a value that was read for one namespace", () => {
  test("is denied to another that the policy does not let ask for it", async () => {
    await expectKept("shop/db");
    const bank = await start("bank", "shop/db");
    expectDenied(await askForKept(bank), /^PIGGY_ALLOWED_SECRETS does not name secret shop\/db/);
  });

  test("is not given to another whose role AWS does not let read it, right after nor at the same time", async () => {
    const shop = await expectKept("common/db");
    const bank = await start("bank", "common/db");
    const answers = await Promise.all([bank, shop, bank, shop, bank].map(ask));
    expect(answers.map(({ status }) => status)).toEqual([400, 200, 400, 200, 400]);
    const { status, body, audit } = await ask(bank);
    expect([status, body.includes(HUSH)]).toEqual([400, false]);
    expect(audit).toMatchObject({ code: "aws_access_denied", namespace: "bank" });
  });
});

describe("a value that was read for a Pod", () => {
  test("is not given to it when it is gone, while its token has not expired", async () => {
    const pod = await expectKept("shop/db");
    const token = await ownToken(world.kubernetes, pod);
    world.kubernetes.remove("Pod", pod.namespace, pod.name);
    expectDenied(await door.ask(token, requestOf(pod)), /token has been invalidated/);
  });

  test("is not given to it when it has finished", async () => {
    const pod = await expectKept("shop/db");
    world.kubernetes.add({ ...pod.stored, apiVersion: "v1", kind: "Pod", status: { phase: "Succeeded" } });
    expectDenied(await askForKept(pod), /the Pod has succeeded/);
  });

  test("is not given for another command, or for what else it does not name", async () => {
    const pod = await expectKept("shop/db");
    const token = await ownToken(world.kubernetes, pod);
    expectDenied(await door.ask(token, { ...requestOf(pod), signature: "" }), /the command is not/);
    const entry = "//sm/bank/db#/password";
    expectDenied(await door.ask(token, requestOf(pod, [entry])), /PIGGY_ALLOWED_SECRETS|does not refer/);
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
