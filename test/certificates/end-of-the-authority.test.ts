/** What becomes of certificates when the Secret of their CA cannot be read or written, or holds no CA of ours, until that CA ends: years, by a clock of the test's. */
import { beforeEach, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { changeTo, format } from "../../lib/certificates/authority.ts";
import { createKeeper, type Keeper } from "../../lib/certificates/keeper.ts";
import type { StoredSecret } from "../../lib/certificates/kept-authority.ts";
import { createRsaAuthority } from "../fakes/certificates.ts";

const HOUR_MS = 60 * 60 * 1000;
const BEGIN = Date.parse("2026-01-01T00:00:00Z");

let hours: number;
let secret: StoredSecret | undefined;
let isRefused: boolean;
let isReadOnly: boolean;
let isDeletedNext: boolean;
let keeper: Keeper;
/** Of the Secret of the CA, each with its reason. */
let complaints: unknown[];

beforeEach(() => {
  [hours, secret] = [0, undefined];
  [isRefused, isReadOnly, isDeletedNext, complaints] = [false, false, false, []];
  keeper = createKeeper(
    {
      async readSecret() {
        if (isRefused) throw new Error("the API server is away");
        return secret;
      },
      async writeSecret(data) {
        if (isDeletedNext) {
          [secret, isDeletedNext] = [undefined, false];
          return "taken";
        }
        if (isReadOnly) throw new Error("forbidden");
        secret = { data, object: {} };
        return "written";
      },
      changeBundles: async () => {},
    },
    {
      names: ["piggy.ops.svc"],
      authorityLifetimeMs: 300 * HOUR_MS,
      certificateLifetimeMs: 100 * HOUR_MS,
      now: () => BEGIN + hours * HOUR_MS,
      log(level, message, fields) {
        if (level === "error") complaints.push([message, fields?.["reason"]]);
      },
    },
  );
});

/** When what is kept then ends, in hours from the beginning. */
async function endAt(then: number): Promise<number> {
  hours = then;
  const { cert } = await keeper.look();
  return (new X509Certificate(cert).validToDate.getTime() - BEGIN) / HOUR_MS;
}

test("none is good for longer than its CA, and none is made that would be good for no longer than the one before", async () => {
  expect(await endAt(0)).toBe(100);
  isRefused = true;
  expect([await endAt(60), await endAt(90), await endAt(240)]).toEqual([100, 190, 300]);
  const { cert } = await keeper.look();
  expect(await endAt(299)).toBe(300);
  expect((await keeper.look()).cert).toBe(cert);
});

test("none is made when the CA has ended, until the Secret is read", async () => {
  await keeper.look();
  isRefused = true;
  hours = 300;
  await expect(keeper.look()).rejects.toThrow("the API server is away");
  isRefused = false;
  expect(await endAt(300)).toBe(400);
});

test("another that stands in the Secret is not taken before the CA has ended, where it cannot be vouched for, and then is", async () => {
  const { ca } = await keeper.look();
  const { next: other } = await changeTo(undefined, undefined, 900 * HOUR_MS, BEGIN);
  [secret, isReadOnly] = [{ data: format(other), object: {} }, true];
  expect(await endAt(299)).toBe(300);
  expect((await keeper.look()).ca).toBe(ca);
  expect(await endAt(300)).toBe(400);
  expect((await keeper.look()).ca).toBe(other.cert);
});

test.each([
  ["and is followed by the next, where that can be written", false],
  ["and is served, where nothing can be written", true],
])("one that was read, and gone when it was to be followed, is kept, %s", async (_, refuses) => {
  const { next: read } = await changeTo(undefined, undefined, 300 * HOUR_MS, BEGIN);
  [secret, hours, isDeletedNext, isReadOnly] = [{ data: format(read), object: {} }, 210, true, refuses];
  expect((await keeper.look()).ca).toContain(read.cert);
  expect(secret === undefined).toBe(refuses);
});

async function rsaCa(): Promise<StoredSecret> {
  const { cert, key } = await createRsaAuthority();
  return { data: { "ca.crt": cert, "ca.key": key }, object: {} };
}

async function caWithTheKeyOfAnother(): Promise<StoredSecret> {
  const [one, other] = await Promise.all(
    [1, 2].map(() => changeTo(undefined, undefined, 900 * HOUR_MS, BEGIN)),
  );
  return { data: { "ca.crt": one?.next.cert ?? "", "ca.key": other?.next.key ?? "" }, object: {} };
}

async function caOfLater(): Promise<StoredSecret> {
  const { next } = await changeTo(undefined, undefined, 900 * HOUR_MS, BEGIN + 100 * HOUR_MS);
  return { data: format(next), object: {} };
}

const UNUSABLE: [string, () => Promise<StoredSecret>, string][] = [
  ["one with an RSA key", rsaCa, "ca.key is not an EC P-256 key"],
  ["one with the key of another", caWithTheKeyOfAnother, "ca.key is not the key of ca.crt"],
  ["one that begins later", caOfLater, "ca.crt is not valid yet"],
];

test.each(UNUSABLE)(
  "a CA that somebody put into the Secret and nothing can be made by is left there, and the one before goes on: %s",
  async (_, put, reason) => {
    const first = await keeper.look();
    const ours = secret?.data;
    const theirs = await put();
    secret = theirs;
    expect(await keeper.look()).toBe(first);
    expect(await endAt(90)).toBe(190);
    expect((await keeper.look()).ca).toBe(first.ca);
    expect(secret).toBe(theirs);
    expect(complaints).toEqual([["the Secret of the CA is not kept", expect.stringContaining(reason)]]);
    secret = undefined;
    expect((await keeper.look()).ca).toBe(first.ca);
    expect(Object(secret).data).toEqual(ours);
  },
);

test.each(UNUSABLE)(
  "none is made by what was in the Secret before the first look, which is left there: %s",
  async (_, put, reason) => {
    const theirs = await put();
    secret = theirs;
    for (const _ of [1, 2]) {
      await expect(keeper.look()).rejects.toMatchObject({
        code: "certificate_invalid",
        message: expect.stringContaining(reason),
      });
    }
    expect(secret).toBe(theirs);
    secret = undefined;
    const { ca } = await keeper.look();
    expect(ca).not.toContain(theirs.data["ca.crt"]);
  },
);

test("a backup from before the CA was followed by the next changes nothing: running Pods trust that one", async () => {
  await keeper.look();
  const backup = secret;
  hours = 201;
  const followed = await keeper.look();
  const ours = secret;
  secret = backup;
  expect(await keeper.look()).toEqual(followed);
  expect(secret).toEqual(ours);
});

test("that the Secret is not kept is said once each time, although the reason is the one of the time before", async () => {
  await keeper.look();
  for (isRefused of [true, true, false, true, true]) await keeper.look();
  const said = ["the Secret of the CA is not kept", "the API server is away"];
  expect(complaints).toEqual([said, said]);
});

test("a certificate stays the same from look to look while its Secret can be read", async () => {
  const first = await keeper.look();
  expect([await keeper.look(), await keeper.look()]).toEqual([first, first]);
});
