/** Bodies that one parser might read otherwise than the next. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { World } from "../../support/world.ts";
import { requestOf, type SecretDoor, type StartedPod } from "../asking.ts";
import { startCart } from "../cart.ts";
import { expectDenied } from "./denied.ts";
import { connectTo, requestText } from "./wire.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;
let token: string;
let body: string;

beforeAll(async () => {
  ({ world, door, pod, token } = await startCart());
  body = JSON.stringify(requestOf(pod));
});
afterAll(() => world.stop());

/** The body with something before its closing brace. */
const extended = (member: string) => `${body.slice(0, -1)},${member}}`;

async function askBytes(bytes: Uint8Array) {
  const connection = await connectTo(world);
  connection.write(requestText([`X-Token: ${token}`, `Content-Length: ${bytes.length}`], ""));
  connection.write(bytes);
  const [answer] = await connection.answers(1);
  connection.destroy();
  const [audit] = await door.sent(1, token);
  return { ...answer, audit };
}

describe("a body that is as deep as it is long", () => {
  const DEEP = 100_000;

  test.each<[string, () => string]>([
    ["lists", () => extended(`"deep":${"[".repeat(DEEP)}${"]".repeat(DEEP)}`)],
    ["lists without an end", () => "[".repeat(DEEP)],
    ["objects", () => extended(`"deep":${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`)],
    ["references", () => extended(`"references":${"[".repeat(DEEP)}"password"${"]".repeat(DEEP)}`)],
  ])("is read or refused, and the next is served: %s", async (_, deep) => {
    const { status, audit } = await door.ask(token, deep());
    expect([200, 400]).toContain(status);
    expect(audit?.["decision"]).toBe(status === 200 ? "allowed" : "denied");
    expect((await door.ask(token, body)).status).toBe(200);
  });
});

describe("a field that is there twice", () => {
  test("is what it is at last, for the check and for the answer alike", async () => {
    const other = "f".repeat(32);
    expectDenied(await door.ask(token, extended(`"uid":"${other}"`)), /has this uid/);
    expectDenied(await door.ask(token, extended('"signature":""')), /the command is not/);
    expectDenied(await door.ask(token, extended('"name":"other"')), /and asks for Pod other/);
    const { status, body: values } = await door.ask(token, extended('"references":[]'));
    expect([status, values]).toEqual([200, "{}"]);
  });

  test("is not found in a prototype", async () => {
    const { uid, ...others } = requestOf(pod);
    const inherited = `${JSON.stringify(others).slice(0, -1)},"__proto__":{"uid":"${uid}"}}`;
    expectDenied(await door.ask(token, inherited), /has this uid/);
    expect((await door.ask(token, body)).status).toBe(200);
  });

  test("is not found under a name that only looks the same", async () => {
    for (const name of ["UID", "uid ", "ui\\u0064x", "uid\\u0000"]) {
      const { uid, ...others } = requestOf(pod);
      const text = `${JSON.stringify(others).slice(0, -1)},"${name}":"${uid}"}`;
      expectDenied(await door.ask(token, text), /has this uid/);
    }
  });
});

describe("bytes that are no text", () => {
  const bytes = (text: string) => Buffer.from(text);
  const cases: readonly [string, () => Uint8Array, number][] = [
    ["UTF-8 that breaks off in a uid", () => Buffer.from(body.replace(pod.uid, "\xc3"), "latin1"), 403],
    ["an overlong slash in a uid", () => Buffer.from(body.replace(pod.uid, "\xc0\xaf"), "latin1"), 403],
    ["half a surrogate as a uid", () => bytes(body.replace(pod.uid, "\\ud800")), 403],
    ["a NUL behind the uid", () => bytes(body.replace(pod.uid, `${pod.uid}\\u0000`)), 403],
    ["a bare NUL in a text", () => bytes(body.replace(pod.uid, `${pod.uid}\0`)), 400],
    ["UTF-16", () => Buffer.from(body, "utf16le"), 400],
    ["gzip", () => Bun.gzipSync(Buffer.from(body)), 400],
    ["two objects", () => bytes(body + body), 400],
    ["a comment", () => bytes(`/**/${body}`), 400],
    ["a comma too many", () => bytes(body.replace("}", ",}")), 400],
    ["single quotes", () => bytes(body.replaceAll('"', "'")), 400],
  ];

  test.each(cases)("are refused: %s", async (_, make, status) => {
    const answer = await askBytes(make());
    expect(answer.status).toBe(status);
    expect(answer.audit).toMatchObject({
      decision: "denied",
      code: status === 403 ? "not_allowed" : "request_invalid",
    });
  });

  test("may be a byte order mark in front, which says nothing", async () => {
    const { status = 0, audit } = await askBytes(Buffer.from(`\ufeff${body}`));
    expect([200, 400]).toContain(status);
    expect(audit?.["decision"]).toBe(status === 200 ? "allowed" : "denied");
  });
});

test("text of the request's is one line in the log, whatever is in it", async () => {
  const name = `x\n{"message":"secret decision","decision":"allowed"}\r\u001b[2J`;
  expectDenied(await door.ask(token, { ...requestOf(pod), name }), /and asks for Pod x\n/);
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
