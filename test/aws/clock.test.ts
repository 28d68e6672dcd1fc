/** A machine whose clock is wrong reads all the same, for AWS says what time it is. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createAwsClock } from "../../lib/aws/clock.ts";
import type { StoreLocation } from "../../lib/aws/store.ts";
import { createWebhookStore } from "../../lib/aws/webhook-store.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { machine, setEnvironment } from "./transports.ts";

const REGION = "eu-west-1";
const USER = { accessKeyId: "AKIACLOCK", secretAccessKey: "secret+key/of=the/clock" };
const SECRET: StoreLocation = { kind: "secret", name: "timely", version: "AWSCURRENT", region: REGION };
const MINUTE_MS = 60_000;

let aws: AwsFake;

beforeEach(async () => {
  aws = await startAws();
  aws.addUser(USER);
  aws.putSecret({ region: REGION, name: "timely", value: '{"A":"value"}' });
});
afterEach(async () => {
  setEnvironment(machine);
  await aws.stop();
});

function createStore(secretAccessKey = USER.secretAccessKey) {
  const environment = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: USER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  setEnvironment(environment);
  return createWebhookStore(environment);
}

const outcomes = () => aws.requests.map(({ errorCode = "ok" }) => errorCode);

describe("where AWS's clock is ahead or behind, the second call has its time, and every later one", () => {
  test.each([-24 * 60, -61, -5, 5, 61, 24 * 60])("by %d minutes", async (minutes) => {
    aws.setClockAhead(minutes * MINUTE_MS + Math.sign(minutes) * 1_500);
    const store = createStore();
    const read = async () => (await store.readStore(SECRET, AbortSignal.timeout(10_000))).values.get("A");
    expect(await read()).toBe("value");
    expect(outcomes()).toEqual(["InvalidSignatureException", "ok"]);
    expect(await read()).toBe("value");
    expect(outcomes()).toEqual(["InvalidSignatureException", "ok", "ok"]);
  });

  test("whoever asked at the same time", async () => {
    aws.setClockAhead(60 * MINUTE_MS);
    const store = createStore();
    const reads = Array.from({ length: 4 }, () => store.readStore(SECRET, AbortSignal.timeout(10_000)));
    expect((await Promise.all(reads)).map(({ values }) => values.get("A"))).toEqual(Array(4).fill("value"));
  });

  test("and back again when the machine's own was put right", async () => {
    const store = createStore();
    for (const minutes of [60, 0]) {
      aws.setClockAhead(minutes * MINUTE_MS);
      expect((await store.readStore(SECRET, AbortSignal.timeout(10_000))).values.get("A")).toBe("value");
    }
    expect(outcomes()).toEqual(["InvalidSignatureException", "ok", "InvalidSignatureException", "ok"]);
  });
});

test.each([
  ["{}", "InvalidSignatureException:http://internal.amazon.com/"],
  ['{"__type":"com.amazon#InvalidSignatureException:http://internal.amazon.com/"}', ""],
  ["<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>", ""],
])("however the refusal is written: %s %s", (body, type) => {
  const clock = createAwsClock(() => 0);
  const headers = new Headers({ date: new Date(60 * MINUTE_MS).toUTCString(), "x-amzn-errortype": type });
  expect(clock.correctBy({ status: 400, headers, body }, new Date(0))).toBe(true);
  expect(clock.now()).toEqual(new Date(60 * MINUTE_MS));
});

test("a wrong key is no matter of time, and is not tried again", async () => {
  const reading = createStore("wrong").readStore(SECRET, AbortSignal.timeout(10_000));
  await expect(reading).rejects.toMatchObject({
    code: "aws_credentials_refused",
    message: expect.stringContaining("InvalidSignatureException"),
  });
  expect(outcomes()).toEqual(["InvalidSignatureException"]);
});

test("a time that stays refused is asked for once more, and no further", async () => {
  aws.setClockAhead(60 * MINUTE_MS);
  const store = createStore("wrong");
  await expect(store.readStore(SECRET, AbortSignal.timeout(10_000))).rejects.toMatchObject({
    code: "aws_credentials_refused",
  });
  expect(outcomes()).toEqual(["InvalidSignatureException", "InvalidSignatureException"]);
});
