import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../support/world.ts";
import { HUSH, ownToken, requestOf, type SecretDoor, secretDoor, startPod } from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld({
    environment: { AWS_SECRET_NAME: "of/environment", AWS_SECRET_VERSION: "AWSPREVIOUS" },
  });
  door = secretDoor(world.webhook, world.authority.pem);
  for (const name of ["of/environment", "of/annotation"]) {
    for (const version of ["older", "newer"]) {
      const value = JSON.stringify({ password: `${HUSH}${name} ${version}` });
      world.aws.putSecret({ region: REGION, name, value });
    }
  }
  world.aws.putParameter({ region: REGION, name: "/of/annotation/password", value: `${HUSH}parameter` });
});
afterAll(() => world.stop());

async function passwordWith(annotations: Readonly<Record<string, string>>) {
  const pod = await startPod(world.kubernetes, { annotations });
  const answer = await door.ask(await ownToken(world.kubernetes, pod), requestOf(pod));
  return JSON.parse(answer.body).password;
}

describe("a setting of the webhook's environment", () => {
  test("holds for a Pod that has no annotation", async () => {
    expect(await passwordWith({})).toBe(`${HUSH}of/environment older`);
  });

  test("gives way to the annotation, each for itself", async () => {
    expect(await passwordWith({ "aws-secret-name": "of/annotation" })).toBe(`${HUSH}of/annotation older`);
    expect(await passwordWith({ "aws-secret-version": "AWSCURRENT" })).toBe(`${HUSH}of/environment newer`);
  });

  test("gives way to an annotation that is there but empty", async () => {
    expect(await passwordWith({ "aws-secret-version": "" })).toBe(`${HUSH}of/environment newer`);
  });

  test("gives way to a parameter path in an annotation", async () => {
    expect(await passwordWith({ "aws-ssm-parameter-path": "/of/annotation" })).toBe(`${HUSH}parameter`);
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
