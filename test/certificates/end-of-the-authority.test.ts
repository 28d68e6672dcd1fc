/** What becomes of certificates when the Secret of their CA cannot be read or written until that CA ends: years, by a clock of the test's. */
import { beforeEach, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { changeTo, format } from "../../lib/certificates/authority.ts";
import { createKeeper, type Keeper, type StoredSecret } from "../../lib/certificates/keeper.ts";

const HOUR_MS = 60 * 60 * 1000;
const BEGIN = Date.parse("2026-01-01T00:00:00Z");

let hours: number;
let secret: StoredSecret | undefined;
let isRefused: boolean;
let isReadOnly: boolean;
let isDeletedNext: boolean;
let keeper: Keeper;

beforeEach(() => {
  [hours, secret] = [0, undefined];
  [isRefused, isReadOnly, isDeletedNext] = [false, false, false];
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
      log: () => {},
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
