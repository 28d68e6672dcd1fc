/** Requests that are too long or too slow, and what the others notice of them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mutate, podWith } from "../../admission/mutation.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";
import { requestOf, type SecretDoor, type StartedPod } from "../asking.ts";
import { startCart } from "../cart.ts";
import { connectTo, type RawConnection, requestText } from "./wire.ts";

setDefaultTimeout(60_000);

const MANY = 64;
const TARGET = "POST /secret HTTP/1.1";

let world: World;
let door: SecretDoor;
let pod: StartedPod;
let token: string;

beforeAll(async () => {
  ({ world, door, pod, token } = await startCart());
});
afterAll(() => world.stop());

const expectServed = async () => expect((await door.ask(token, requestOf(pod))).status).toBe(200);

describe("a head that is too long is refused, and nobody is asked about it", () => {
  test.each<[string, readonly string[], string]>([
    ["a token of 1 MiB", [`X-Token: ${"a".repeat(1 << 20)}`], TARGET],
    ["a header of 1 MiB", [`X-Other: ${"a".repeat(1 << 20)}`], TARGET],
    ["a header's name of 1 MiB", [`${"a".repeat(1 << 20)}: 1`], TARGET],
    ["a thousand headers", Array.from({ length: 1_000 }, (_, index) => `X-${index}: 1`), TARGET],
    ["an address of 1 MiB", [], `POST /secret?${"a".repeat(1 << 20)} HTTP/1.1`],
  ])("%s", async (_, headers, target) => {
    const before = world.kubernetes.requests.length;
    const connection = await connectTo(world);
    connection.write(requestText([`X-Token: ${token}`, ...headers], "{}", target));
    const answers = await connection.answers(1);
    connection.destroy();
    // By how much of it came at once.
    expect([400, 431]).toContain(answers[0]?.status ?? 0);
    expect(answers).toMatchObject([{ body: "" }]);
    expect(world.kubernetes.requests.length).toBe(before);
    await expectServed();
  });
});

describe("a body of 100 MiB", () => {
  const piece = Buffer.from(`100000\r\n${" ".repeat(1 << 20)}\r\n`);

  test("is refused by its length, before any of it has come", async () => {
    const connection = await connectTo(world);
    connection.write(requestText([`X-Token: ${token}`, `Content-Length: ${100 << 20}`], ""));
    const [answer] = await connection.answers(1);
    expect([400, 413]).toContain(answer?.status ?? 0);
    connection.destroy();
    await expectServed();
  });

  test("in chunks is cut off, however many there are", async () => {
    const connection = await connectTo(world);
    connection.write(requestText([`X-Token: ${token}`, "Transfer-Encoding: chunked"], ""));
    for (let sent = 0; sent < 100; sent += 1) connection.write(piece);
    const [answer] = await connection.answers(1);
    expect([400, 413, undefined]).toContain(answer?.status);
    connection.destroy();
    await expectServed();
  });

  test("is not read from whoever shows no token", async () => {
    const connection = await connectTo(world);
    connection.write(requestText(["Content-Length: 1000000"], ""));
    expect(await connection.answers(1)).toMatchObject([{ status: 401 }]);
    connection.destroy();
    await door.sent(1);
  });
});

test("of reviews that are as long as may be, and do not come, two are waited for, and Pods are admitted meanwhile", async () => {
  const open = async () => {
    const connection = await connectTo(world);
    connection.write(requestText([`Content-Length: ${8 << 20}`], "{", "POST /mutate?timeout=10s HTTP/1.1"));
    return connection;
  };
  const waiting = [await open(), await open()];
  // What the first two have sent is known to be there when the third is refused.
  await until(async () => {
    const connection = await open();
    const [answer] = await Promise.race([connection.answers(1), Bun.sleep(200).then(() => [])]);
    connection.destroy();
    return answer?.status === 429;
  });
  expect((await mutate(world, podWith())).allowed).toBe(true);
  const answers = await Promise.all(waiting.map((connection) => connection.answers(1)));
  expect(answers.flat()).toMatchObject(
    Array(2).fill({ status: 400, body: "the body did not come in time\n" }),
  );
  for (const connection of waiting) connection.destroy();
});

describe("clients that are slow", () => {
  async function opened(bytes: string): Promise<readonly RawConnection[]> {
    const connections = await Promise.all(Array.from({ length: MANY }, () => connectTo(world)));
    for (const connection of connections) connection.write(bytes);
    return connections;
  }

  /** Writes a byte of it now and then, until the webhook has had enough of it. */
  async function drip(connection: RawConnection): Promise<readonly number[]> {
    const timer = setInterval(() => connection.write("x"), 100);
    const answers = await Promise.race([connection.closed(), connection.answers(1)]);
    clearInterval(timer);
    connection.destroy();
    return answers.map(({ status }) => status);
  }

  test.concurrent("with their head are cut off, each of many, and keep nobody else waiting", async () => {
    const connections = await opened(`POST /secret HTTP/1.1\r\nHost: piggy\r\nX-Token: ${token}`);
    const ends = Promise.all(connections.map(drip));
    await expectServed();
    expect((await ends).flat().filter((status) => status !== 408)).toEqual([]);
    await expectServed();
  });

  test.concurrent("with their body are answered 400 in time, each of many, and keep nobody else waiting", async () => {
    const connections = await opened(requestText([`X-Token: ${token}`, "Content-Length: 1000"], ""));
    const ends = Promise.all(connections.map(drip));
    await expectServed();
    expect((await ends).flat()).toEqual(Array(MANY).fill(400));
    await expectServed();
  });

  test.concurrent("with their chunks are answered 400 in time", async () => {
    // One: there is room for eight bodies of no length at a time, and the others are told to try again.
    const connection = await connectTo(world);
    connection.write(requestText([`X-Token: ${token}`, "Transfer-Encoding: chunked"], "5\r\n"));
    const answers = await connection.answers(1);
    connection.destroy();
    expect(answers).toMatchObject([{ status: 400, body: "the body did not come in time\n" }]);
  });

  test.concurrent("that say nothing at all are cut off", async () => {
    const connections = await opened("");
    await Promise.all(connections.map((connection) => connection.closed()));
    await expectServed();
  });
});

test("one audit line stands for each request that could be read, and none holds a token or a value", () =>
  door.expectDiscretion());
