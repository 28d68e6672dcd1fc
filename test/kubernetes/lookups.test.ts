/** How many objects are looked up at a time, for all Pods that are admitted together. */
import { expect, test } from "bun:test";
import { createKubernetesClient } from "../../lib/kubernetes/client.ts";
import { createLookups } from "../../lib/kubernetes/lookups.ts";

const SERVER = { url: "https://127.0.0.1:1", ca: undefined };
const EMPTY = { status: 200, body: "{}" };

/** Look-ups over a wire on which nothing is answered until it is told to. */
function hanging() {
  const paths: string[] = [];
  const answers: (() => void)[] = [];
  const client = createKubernetesClient(SERVER, undefined, ({ path }) => {
    paths.push(path);
    const { promise, resolve } = Promise.withResolvers<typeof EMPTY>();
    answers.push(() => resolve(EMPTY));
    return promise;
  });
  return { lookups: createLookups(client), paths, answerNext: () => answers.shift()?.() };
}

const signal = new AbortController().signal;
const settle = () => Bun.sleep(0);

test("a burst of Pods asks for 64 objects at a time, and for each in the end", async () => {
  const { lookups, paths, answerNext } = hanging();
  const contents = Array.from({ length: 200 }, (_, index) =>
    lookups.readObject("shop", { kind: "ConfigMap", name: `c${index}` }, signal),
  );
  const accounts = [lookups.readPullSecretNames("shop", "default", signal)];
  await settle();
  expect(paths).toHaveLength(64);
  for (let answered = 0; answered < 201; answered += 1) {
    answerNext();
    await settle();
  }
  expect(await Promise.all(contents)).toHaveLength(200);
  expect(await Promise.all(accounts)).toEqual([[]]);
  expect(new Set(paths).size).toBe(201);
});

test("a namespace that names many does not hold up another", async () => {
  const { lookups, paths, answerNext } = hanging();
  const read = (namespace: string, name: string) =>
    lookups.readObject(namespace, { kind: "ConfigMap", name }, signal);
  for (let index = 0; index < 200; index += 1) void read("many", `c${index}`);
  void read("few", "one");
  await settle();
  answerNext();
  await settle();
  expect(paths.at(-1)).toContain("/namespaces/few/");
});

test("one whose time is over while it waits is told so, and asks nothing", async () => {
  const { lookups, paths } = hanging();
  for (let index = 0; index < 64; index += 1) {
    void lookups.readObject("shop", { kind: "Secret", name: `s${index}` }, signal);
  }
  const giveUp = new AbortController();
  const late = lookups.readObject("shop", { kind: "Secret", name: "late" }, giveUp.signal);
  giveUp.abort();
  expect(await late.catch((error) => error.code)).toBe("kubernetes_unavailable");
  expect(paths).toHaveLength(64);
});

test("Pods and reviews, which have turns of their own, wait for none of them", async () => {
  const { lookups, paths } = hanging();
  for (let index = 0; index < 64; index += 1) {
    void lookups.readObject("shop", { kind: "Secret", name: `s${index}` }, signal);
  }
  void lookups.readPod({ namespace: "shop", name: "cart" }, signal);
  void lookups.reviewToken("token", [], signal);
  await settle();
  expect(paths).toHaveLength(66);
});
