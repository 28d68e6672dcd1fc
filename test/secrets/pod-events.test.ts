/** How often a Pod is told, by a clock of the test's own. */
import { beforeEach, describe, expect, test } from "bun:test";
import { PiggyError } from "../../lib/error.ts";
import type { Notice } from "../../lib/secrets/notice.ts";
import { createPodEvents, type Tell } from "../../lib/secrets/pod-events.ts";
import type { PodEvent } from "../../lib/secrets/world.ts";

const MINUTE = 60_000;
const pod = (uid: string, namespace = "shop") => ({ namespace, name: "cart", uid });
const ABSENT: Notice = { reason: "SecretNotFound", note: "absent" };
const BUSY: Notice = { reason: "SecretsUnavailable", note: "busy" };

let clock: number;
let told: PodEvent[];
let answer: () => Promise<string | undefined>;
let tell: Tell;
beforeEach(() => {
  clock = 0;
  told = [];
  answer = async () => undefined;
  tell = createPodEvents({
    now: () => clock,
    log: () => {},
    createEvent: (event) => {
      told.push(event);
      return answer();
    },
  });
});

/** What is under way comes to its end. */
const settled = () => Bun.sleep(0);

test("once in five minutes for each Pod and reason", () => {
  for (clock = 0; clock < 5 * MINUTE; clock += MINUTE / 2)
    tell(pod("a"), [ABSENT, { ...ABSENT, note: "other" }]);
  expect(told).toHaveLength(1);
  tell(pod("b"), [ABSENT]);
  tell(pod("a"), [{ reason: "SecretKeyNotFound", note: "other" }]);
  expect(told).toHaveLength(3);
  tell(pod("a"), [ABSENT]);
  expect(told).toHaveLength(4);
});

describe("what heals by itself", () => {
  test("is told when it has lasted for half a minute", () => {
    for (clock = 0; clock < MINUTE / 2; clock += 5_000) tell(pod("a"), [BUSY]);
    expect(told).toEqual([]);
    tell(pod("a"), [BUSY]);
    expect(told).toMatchObject([{ pod: { uid: "a" }, reason: "SecretsUnavailable", note: "busy" }]);
  });

  test("begins anew when it had healed", () => {
    tell(pod("a"), [BUSY]);
    clock = 2 * MINUTE;
    tell(pod("a"), [BUSY]);
    clock += 5_000;
    tell(pod("a"), [BUSY]);
    expect(told).toEqual([]);
  });
});

test("of many at the same time eight are under way, and the others when they ask again", async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  answer = () => promise;
  const pods = Array.from({ length: 20 }, (_, index) => pod(String(index)));
  for (const each of pods) tell(each, [ABSENT]);
  expect(told).toHaveLength(8);
  resolve(undefined);
  await settled();
  answer = async () => undefined;
  for (const each of pods) tell(each, [ABSENT]);
  expect(told).toHaveLength(16);
});

test("of all Pods together ten a second at most, taken by the minute", async () => {
  const count = async () => {
    for (let index = 0; index < 1_000; index += 1) {
      tell(pod(`${clock} ${index}`), [ABSENT]);
      if (index % 8 === 7) await settled();
    }
    return told.length;
  };
  expect(await count()).toBe(600);
  clock = MINUTE;
  expect(await count()).toBe(1_200);
});

test("a namespace in which it is refused is left alone for ten minutes, and no other", async () => {
  answer = async () => "403 forbidden";
  tell(pod("a"), [ABSENT]);
  await settled();
  tell(pod("b"), [ABSENT]);
  expect(told).toHaveLength(1);
  tell(pod("c", "elsewhere"), [ABSENT]);
  expect(told).toHaveLength(2);
  clock = 10 * MINUTE;
  tell(pod("b"), [ABSENT]);
  expect(told).toHaveLength(3);
});

test("what was not answered is tried again after half a minute", async () => {
  answer = () => Promise.reject(new PiggyError("kubernetes_unavailable", "no answer"));
  tell(pod("a"), [ABSENT]);
  await settled();
  tell(pod("a"), [ABSENT]);
  expect(told).toHaveLength(1);
  clock = MINUTE / 2;
  tell(pod("a"), [ABSENT]);
  expect(told).toHaveLength(2);
});
