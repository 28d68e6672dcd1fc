/** The time as the API server has it. */
import { expect, test } from "bun:test";
import { createApiClock } from "../../lib/kubernetes/api-clock.ts";

const SAID = "Sat, 28 Nov 2026 14:00:00 GMT";
const request = {
  method: "GET",
  path: "/",
  headers: {},
  body: undefined,
  signal: AbortSignal.timeout(1000),
} as const;

function clockAt(machine: { now: number; elapsed: number }) {
  return createApiClock(
    () => machine.now,
    () => machine.elapsed,
  );
}

test("is this machine's while the API server has said nothing, or nothing of the time", async () => {
  const machine = { now: 1_000, elapsed: 0 };
  const clock = clockAt(machine);
  expect(clock.now()).toBe(1_000);
  await clock.hear(async () => ({ status: 200, body: "" }))(request);
  await clock.hear(async () => ({ status: 200, headers: new Headers(), body: "" }))(request);
  expect(clock.now()).toBe(1_000);
});

test("is what the API server said last, and goes on whatever this machine's does", async () => {
  const machine = { now: 1_000, elapsed: 50_000 };
  const clock = clockAt(machine);
  const headers = new Headers({ date: SAID });
  await clock.hear(async () => ({ status: 200, headers, body: "" }))(request);
  expect(clock.now()).toBe(Date.parse(SAID));
  machine.now = 9_000_000;
  machine.elapsed += 2_500;
  expect(clock.now()).toBe(Date.parse(SAID) + 2_500);
});

test.each([
  ["says nothing of it", 200, undefined],
  ["is a proxy's, or may be", 502, "Sat, 28 Nov 2026 09:00:00 GMT"],
])("goes on through an answer that %s", async (_, status, date) => {
  const machine = { now: 1_000, elapsed: 0 };
  const clock = clockAt(machine);
  const hear = (code: number, said: string | undefined) => {
    const headers = new Headers(said === undefined ? {} : { date: said });
    return clock.hear(async () => ({ status: code, headers, body: "" }))(request);
  };
  await hear(200, SAID);
  machine.elapsed = 1_000;
  await hear(status, date);
  expect(clock.now()).toBe(Date.parse(SAID) + 1_000);
});
