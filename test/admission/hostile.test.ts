/** Pods that somebody wrote to do harm: an answer in time, of the expected kind, and nothing in it that does any. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { applyPatch } from "rfc6902";
import type { HostilePod } from "../corpus/hostile.ts";
import { hostilePods } from "../corpus/hostile.ts";
import { type AdmissionResponse, decodePatch, verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import { mutate, podWith, post, reviewOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const { objects } of hostilePods) for (const object of objects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

/** What stands in the Secrets, and is said to nobody. */
const HUSH = "hush-hush";
/** The API server waits so long where nobody says another time. */
const LONGEST_ANSWER_MS = 10_000;
const LONGEST_MESSAGE = 2048;
const LONGEST_WARNING = 256;
const LONGEST_LOG = 8192;
/** What a terminal acts on, or shows in another order than it came. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

interface Answer {
  readonly response: AdmissionResponse;
  readonly patch: ReturnType<typeof decodePatch>;
  /** The Pod with the patch applied, as JSON. */
  readonly json: unknown;
  readonly logged: string;
}

async function send(pod: object): Promise<Answer> {
  const [from, line] = [world.webhook.output().length, world.webhook.log.length];
  const review = reviewOf(pod);
  const answer = await post(world, JSON.stringify(review), "/mutate?timeout=3s", "POST", LONGEST_ANSWER_MS);
  const body = await answer.text();
  expect(answer.status).toBe(200);
  const response = verifyResponse(JSON.parse(body), review.request.uid);
  const patch = decodePatch(response);
  const json = structuredClone(review.request.object);
  expect(applyPatch(json, structuredClone([...patch]))).toEqual(patch.map(() => null));
  // What is logged of a request is logged before its answer, and read some time after it.
  await mutate(world, podWith({}, { metadata: { name: "after" } }));
  await world.webhook.logged((entry) => entry["pod"] === "after", line);
  const logged = world.webhook.output().slice(from);
  expect(JSON.stringify(patch) + body + logged).not.toContain(HUSH);
  return { response, patch, json, logged };
}

const containersOf = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers];

/** What each container runs behind the injector. */
function wrappedOf(json: unknown): Record<string, readonly string[]> {
  const wrapped = containersOf(parsePod(structuredClone(json), "Pod")).flatMap(
    ({ name, command, args = [] }) =>
      command?.[0] === "/piggy/piggy-env" && args[0] === "--" ? [[name, args.slice(1)] as const] : [],
  );
  return Object.fromEntries(wrapped);
}

function expectDenial(
  { allowed, status }: AdmissionResponse,
  { code, words }: { code: number; words: string },
) {
  expect({ allowed, code: status?.code }).toEqual({ allowed: false, code });
  expect(status?.message).toContain(words);
}

function expectAdmission(
  { response, patch, json }: Answer,
  { wrapped = {}, gone = [] }: HostilePod["expected"],
) {
  expect(response.allowed).toBe(true);
  if (Object.keys(wrapped).length === 0) expect(patch).toEqual([]);
  else expect(wrappedOf(json)).toEqual(wrapped);
  const after = JSON.stringify(json);
  for (const words of gone) expect(after).not.toContain(words);
}

describe.each(hostilePods)("$name", ({ pod, expected }) => {
  test("is answered as it deserves, in words that are fit to be read", async () => {
    const answer = await send(pod);
    const { warnings = [], status } = answer.response;
    if (expected.denied === undefined) expectAdmission(answer, expected);
    else expectDenial(answer.response, expected.denied);
    for (const words of expected.warnings ?? []) expect(warnings.join("\n")).toContain(words);
    const message = status?.message ?? "";
    for (const text of [...warnings, message]) expect(text).not.toMatch(UNFIT);
    expect(message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
    for (const warning of warnings) expect(warning.length).toBeLessThanOrEqual(LONGEST_WARNING);
    expect(answer.logged.length).toBeLessThanOrEqual(LONGEST_LOG);
  });
});

describe("coming again changes nothing more", () => {
  test.each(hostilePods.filter(({ expected }) => expected.wrapped !== undefined))(
    "$name",
    async ({ pod }) => {
      const { json } = await send(pod);
      expect((await send(Object(json))).patch).toEqual([]);
    },
  );
});
