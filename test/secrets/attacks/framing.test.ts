/** Requests inside of requests: one caller must not get another's answer, nor be taken for another. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../../support/world.ts";
import { HUSH, ownToken, requestOf, type SecretDoor, secretDoor, startPod } from "../asking.ts";
import { connectTo, requestText } from "./wire.ts";

setDefaultTimeout(60_000);

/** A caller whose request would be answered with a value of its own. */
interface Party {
  readonly token: string;
  readonly body: string;
  readonly answer: string;
  readonly pod: string;
}

let world: World;
let door: SecretDoor;
let cart: Party;
let bank: Party;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  [cart, bank] = [await party("shop"), await party("bank")];
});
afterAll(() => world.stop());

async function party(namespace: string): Promise<Party> {
  const value = JSON.stringify({ password: HUSH + namespace });
  world.aws.putSecret({ region: REGION, name: namespace, value });
  const pod = await startPod(world.kubernetes, { namespace, annotations: { "aws-secret-name": namespace } });
  const token = await ownToken(world.kubernetes, pod);
  return { token, body: JSON.stringify(requestOf(pod)), answer: value, pod: pod.name };
}

const asked = ({ token, body }: Party) => requestText([`X-Token: ${token}`], body);

/** One write, and what came of it until the webhook closed or had answered so many times. */
async function exchange(bytes: string | Uint8Array, atLeast: number) {
  const connection = await connectTo(world);
  connection.write(bytes);
  const answers = await connection.answers(atLeast);
  connection.destroy();
  return answers;
}

describe("a request whose end can be read in two ways is refused, and nothing in it is a request", () => {
  test.each<[string, readonly string[], string]>([
    ["two lengths", ["Content-Length: 2", "Content-Length: 1"], ""],
    ["two lengths in one", ["Content-Length: 2, 2"], ""],
    ["a length with a sign", ["Content-Length: +2"], ""],
    ["a length below zero", ["Content-Length: -2"], ""],
    ["a length in hex", ["Content-Length: 0x2"], ""],
    ["a length with text behind it", ["Content-Length: 2x"], ""],
    ["an empty length", ["Content-Length: "], ""],
    ["a length past 64 bits", ["Content-Length: 18446744073709551618"], ""],
    ["chunks and a length", ["Content-Length: 4", "Transfer-Encoding: chunked"], "0\r\n\r\n"],
    ["a length and chunks", ["Transfer-Encoding: chunked", "Content-Length: 4"], "0\r\n\r\n"],
    ["chunks by another name", ["Transfer-Encoding: xchunked"], "0\r\n\r\n"],
    ["chunks that are not last", ["Transfer-Encoding: chunked, identity"], "0\r\n\r\n"],
    ["chunks twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n"],
    ["chunks behind another coding", ["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"],
    ["chunks behind a control character", ["Transfer-Encoding: \x0bchunked"], "0\r\n\r\n"],
    [
      "chunks behind a space before the colon",
      ["Transfer-Encoding : chunked", "Content-Length: 0"],
      "0\r\n\r\n",
    ],
    ["a header that goes on in the next line", ["X-Fold: a\r\n b", "Content-Length: 0"], ""],
    ["a header that ends in a line feed alone", ["X-Token: a\nX-Token: b", "Content-Length: 0"], ""],
    ["a chunk whose length is none", ["Transfer-Encoding: chunked"], "zz\r\n{}\r\n0\r\n\r\n"],
    [
      "a chunk whose length is past 64 bits",
      ["Transfer-Encoding: chunked"],
      "10000000000000002\r\n{}\r\n0\r\n\r\n",
    ],
    ["a chunk that is longer than it says", ["Transfer-Encoding: chunked"], "1\r\n{}\r\n0\r\n\r\n"],
    ["a chunk length that ends in a line feed alone", ["Transfer-Encoding: chunked"], "2;\n{}\r\n0\r\n\r\n"],
    ["a trailer", ["Transfer-Encoding: chunked"], "2\r\n{}\r\n0\r\nX-Token: a\r\n\r\n"],
  ])("%s", async (_, headers, body) => {
    const connection = await connectTo(world);
    connection.write(requestText(headers, body) + asked(bank));
    const answers = await connection.closed();
    // Without a token it may be refused for that before its end is looked for.
    expect(answers.map(({ status }) => status).filter((status) => status !== 401)).toEqual([400]);
    expect(answers.map((answer) => answer.body).join()).not.toContain(HUSH);
    await door.sent(answers.length - 1, bank.token);
  });
});

describe("what is sent as a body is never a request", () => {
  test.each<[string, string, number]>([
    ["of a request without a token", "POST /secret HTTP/1.1", 401],
    ["of another method", "PUT /secret HTTP/1.1", 405],
    ["of another path", "POST /other HTTP/1.1", 404],
    ["of a probe", "POST /healthz HTTP/1.1", 200],
    ["of a review", "POST /mutate HTTP/1.1", 400],
  ])("%s, when it comes after the answer", async (_, target, status) => {
    const inside = asked(bank);
    const connection = await connectTo(world);
    const whole = requestText([], inside, target);
    connection.write(whole.slice(0, whole.length - inside.length));
    // A review is answered when it is there; the others before.
    const isReview = target.includes("/mutate");
    if (isReview) connection.write(inside);
    expect(await connection.answers(1)).toMatchObject([{ status }]);
    connection.write(isReview ? asked(cart) : inside + asked(cart));
    const answers = await connection.answers(2);
    connection.destroy();
    expect(answers).toMatchObject([{ status }, { status: 200, body: cart.answer }]);
    const lines = await door.sent(status === 401 ? 2 : 1, cart.token, bank.token);
    expect(lines.map(({ pod }) => pod)).toEqual(status === 401 ? [undefined, cart.pod] : [cart.pod]);
  });

  test("of a request with a token, whatever it looks like", async () => {
    const inside = asked(bank);
    const answers = await exchange(requestText([`X-Token: ${cart.token}`], inside), 1);
    expect(answers).toMatchObject([{ status: 400 }]);
    expect((await door.sent(1))[0]).toMatchObject({ decision: "denied", code: "request_invalid" });
  });
});

describe("several callers on one connection, as behind a proxy", () => {
  test("get each their own answer", async () => {
    const connection = await connectTo(world);
    const parties = [bank, cart, cart, bank, cart];
    for (const [index, party] of parties.entries()) {
      connection.write(asked(party));
      await connection.answers(index + 1);
    }
    const answers = await connection.answers(parties.length);
    connection.destroy();
    expect(answers.map(({ body }) => body)).toEqual(parties.map(({ answer }) => answer));
    const lines = await door.sent(parties.length, bank.token, cart.token);
    expect(lines.map(({ pod }) => pod)).toEqual(parties.map(({ pod }) => pod));
  });

  test("are not taken for the one before when they show no token", async () => {
    const connection = await connectTo(world);
    connection.write(asked(bank));
    await connection.answers(1);
    connection.write(requestText([], bank.body));
    expect((await connection.answers(2)).map(({ status }) => status)).toEqual([200, 401]);
    connection.destroy();
    await door.sent(2);
  });

  test("that do not wait for the answer before get none, and the connection is closed", async () => {
    const path = new RegExp(`/pods/${bank.pod}\\b`);
    const { promise, resolve } = Promise.withResolvers<void>();
    world.kubernetes.failNext({ path, status: 404, times: 2, until: promise });
    const connection = await connectTo(world);
    connection.write(asked(bank) + asked(cart));
    expect(await connection.closed()).toEqual([]);
    resolve();
    expect((await door.sent(1)).map(({ namespace }) => namespace)).toEqual(["bank"]);
  });
});

describe("a token", () => {
  test.each<[string, (token: string) => string]>([
    ["with a NUL in it", (token) => `X-Token: ${token}\0`],
    ["with a carriage return in it", (token) => `X-Token: ${token}\rX-Other: 1`],
    ["with a space before the colon", (token) => `X-Token : ${token}`],
  ])("%s is refused with its request", async (_, header) => {
    const connection = await connectTo(world);
    connection.write(requestText([header(bank.token)], bank.body));
    expect(await connection.closed()).toMatchObject([{ status: 400, body: "" }]);
  });

  test("that is there twice is none, whichever comes first", async () => {
    for (const tokens of [
      [bank.token, cart.token],
      [cart.token, bank.token],
      [bank.token, ""],
      ["", bank.token],
      [bank.token, bank.token],
    ]) {
      const headers = tokens.map((token) => `X-Token: ${token}`);
      const answers = await exchange(requestText(headers, bank.body), 1);
      expect(answers).toMatchObject([{ status: 403 }]);
      expect((await door.sent(1))[0]).toMatchObject({ decision: "denied", code: "not_allowed" });
    }
  });
});

describe("a host that looks like a path leads nowhere else", () => {
  test.each(["piggy/healthz?", "piggy/mutate#", "piggy\\healthz", "x@piggy/healthz", "/healthz"])(
    "%s",
    async (host) => {
      const targets = { "/secret": 401, "/healthz?://piggy/secret": 200, "/://piggy/secret": 404 };
      for (const [target, status] of Object.entries(targets)) {
        const text = requestText([], "", `POST ${target} HTTP/1.1`).replace("Host: piggy", `Host: ${host}`);
        expect(await exchange(text, 1)).toMatchObject([{ status }]);
      }
      await door.sent(1);
    },
  );
});

test("a request for another host is not passed on to it", async () => {
  const before = world.aws.requests.length;
  for (const target of ["GET http://169.254.169.254/latest HTTP/1.1", `GET ${world.aws.url}/ HTTP/1.1`]) {
    expect(await exchange(requestText([], "", target), 1)).toMatchObject([{ status: 404 }]);
  }
  const [connect] = await exchange(requestText([], "", "CONNECT 169.254.169.254:80 HTTP/1.1"), 1);
  expect(connect?.status ?? 400).toBeGreaterThanOrEqual(400);
  expect(world.aws.requests.length).toBe(before);
});

test("one audit line stands for each request that was one, and none holds a token or a value", () =>
  door.expectDiscretion());
