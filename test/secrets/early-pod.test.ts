import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod } from "../../lib/pod.ts";
import { type Claims, readClaims } from "../../lib/secrets/claims.ts";
import { createEarlyReads } from "../../lib/secrets/early-pod.ts";
import { until } from "../support/until.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  boundTo,
  HUSH,
  NOT_ALLOWED,
  ownToken,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
let between: Bun.Server<undefined>;
let directory: string;
let webhook: WebhookProcess;
let door: SecretDoor;

/** What stands between the webhook and the API server: what it waits for before it answers, and what it changes. */
interface Between {
  review(): Promise<void>;
  pod(): Promise<void>;
  status(status: object): object;
}
const HONEST: Between = { review: async () => {}, pod: async () => {}, status: (status) => status };
let way = HONEST;
let podReads = 0;
let givenUp = 0;

beforeAll(async () => {
  world = await startWorld();
  const { authority, environment } = world;
  for (const name of ["cart", "other"]) {
    const value = JSON.stringify({ password: `${HUSH}${name}` });
    world.aws.putSecret({ region: REGION, name: `shop/${name}`, value });
  }
  between = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    tls: await authority.issue({ names: ["127.0.0.1"] }),
    fetch: passOn,
  });
  directory = await mkdtemp(join(tmpdir(), "piggy-early-"));
  await cp(environment["PIGGY_SERVICE_ACCOUNT_DIR"] ?? "", directory, { recursive: true });
  await writeFile(join(directory, "ca.crt"), authority.pem);
});
afterAll(async () => {
  await between.stop(true);
  await world.stop();
  await rm(directory, { recursive: true });
});

async function passOn(request: Request): Promise<Response> {
  const { kubernetes } = world;
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  const isReview = pathname.endsWith("/tokenreviews");
  const body = method === "POST" ? await request.text() : undefined;
  if (/\/pods\//.test(pathname)) {
    podReads += 1;
    request.signal.addEventListener("abort", () => {
      givenUp += 1;
    });
  }
  const url = `https://${kubernetes.host}:${kubernetes.port}${pathname}${search}`;
  const response = await fetch(url, {
    method,
    headers,
    ...(body && { body }),
    tls: { ca: kubernetes.caPem },
  });
  const object: { status?: object } = JSON.parse(await response.text());
  await (isReview ? way.review() : way.pod());
  const answer = isReview ? { ...object, status: way.status(object.status ?? {}) } : object;
  return Response.json(answer, { status: response.status });
}

/** One of its own for each test: one bad token makes a webhook careful for a while. */
async function startDoor(): Promise<void> {
  webhook = await startWebhook({
    ...world.environment,
    KUBERNETES_SERVICE_PORT: String(between.port),
    PIGGY_SERVICE_ACCOUNT_DIR: directory,
    LISTEN_ADDRESS: "127.0.0.1:0",
  });
  await webhook.logged(
    ({ message }) => message.includes("nodes mount images") || message === "image volumes",
  );
  door = secretDoor(webhook, world.authority.pem);
  podReads = 0;
}
afterEach(async () => {
  door.expectDiscretion();
  way = HONEST;
  await webhook.stop();
});

describe("the Pod is read beside the review of its token", () => {
  test("so that a container waits for one of them, and not for both, time after time", async () => {
    await startDoor();
    const pod = await startPod(world.kubernetes);
    for (const time of [1, 2, 3]) {
      const { promise: podIsRead, resolve } = Promise.withResolvers<void>();
      way = { ...HONEST, review: () => podIsRead, pod: async () => resolve() };
      const answer = await door.ask(await ownToken(world.kubernetes, pod), requestOf(pod));
      expect(answer).toMatchObject({ status: 200, body: `{"password":"${HUSH}cart"}` });
      expect(podReads).toBe(time);
    }
  });

  test("but what the review says is what counts: another Pod than the token's is read", async () => {
    await startDoor();
    const pod = await startPod(world.kubernetes);
    const other = await startPod(world.kubernetes, { annotations: { "aws-secret-name": "shop/other" } });
    const { name, uid } = boundTo(other);
    const extra = {
      "authentication.kubernetes.io/pod-name": [name],
      "authentication.kubernetes.io/pod-uid": [uid],
    };
    way = {
      ...HONEST,
      status: (status) => ({ ...status, user: { ...Reflect.get(status, "user"), extra } }),
    };
    const token = await ownToken(world.kubernetes, pod);
    const answer = await door.ask(token, requestOf(other));
    expect(answer).toMatchObject({ status: 200, body: `{"password":"${HUSH}other"}` });
    expect(podReads).toBe(2);
  });
});

describe("a token that is not good", () => {
  test("is denied without a wait for the Pod that it names", async () => {
    await startDoor();
    const pod = await startPod(world.kubernetes);
    const { promise: never, resolve } = Promise.withResolvers<void>();
    way = { ...HONEST, pod: () => never };
    const token = (await ownToken(world.kubernetes, pod)).slice(0, -8);
    const answer = await door.ask(`${token}AAAAAAAA`, requestOf(pod));
    expect(answer).toMatchObject({ status: 403, body: NOT_ALLOWED });
    resolve();
  });

  test("leaves no read behind that takes longer than its request could", async () => {
    await startDoor();
    const pod = await startPod(world.kubernetes);
    const { promise: never, resolve } = Promise.withResolvers<void>();
    way = { ...HONEST, pod: () => never };
    givenUp = 0;
    const token = (await ownToken(world.kubernetes, pod)).slice(0, -8);
    expect((await door.ask(`${token}AAAAAAAA`, requestOf(pod))).status).toBe(403);
    await until(() => givenUp > 0);
    expect([podReads, givenUp]).toEqual([1, 1]);
    resolve();
  });

  test("is denied alike, whether the Pod that it names is there or not", async () => {
    await startDoor();
    const pod = await startPod(world.kubernetes);
    const token = `${(await ownToken(world.kubernetes, pod)).slice(0, -8)}AAAAAAAA`;
    const there = await door.ask(token, requestOf(pod));
    world.kubernetes.remove("Pod", pod.namespace, pod.name);
    const gone = await door.ask(token, requestOf(pod));
    const shown = ({ status, body, audit }: typeof there) => [status, body, audit?.["reason"]];
    expect(shown(there)).toEqual(shown(gone));
  });
});

describe("reads of Pods whose tokens are not proved yet", () => {
  const POD = { namespace: "shop", name: "cart", uid: "1" };
  const CLAIMS: Claims = { isForUs: true, pod: POD };
  const signal = new AbortController().signal;
  let now = 0;
  let reads = 0;
  const early = () => {
    reads = 0;
    now = 0;
    const read = async (): Promise<Pod | undefined> => {
      reads += 1;
      return undefined;
    };
    return createEarlyReads({ readPod: read, readCachedPod: read }, () => now);
  };

  test("stop for a second after a token that was not good, or was another Pod's", () => {
    const readEarly = early();
    readEarly(CLAIMS, signal).settle(CLAIMS.pod);
    readEarly(CLAIMS, signal).settle(undefined);
    expect(reads).toBe(2);
    now = 999;
    readEarly(CLAIMS, signal).settle(CLAIMS.pod);
    expect(reads).toBe(2);
    now = 1000;
    readEarly(CLAIMS, signal).settle({ ...POD, uid: "another" });
    readEarly(CLAIMS, signal).settle(CLAIMS.pod);
    expect(reads).toBe(3);
  });

  test("are no more than a few at a time", () => {
    const readEarly = early();
    const begun = Array.from({ length: 100 }, () => readEarly(CLAIMS, signal));
    expect(reads).toBe(32);
    for (const { settle } of begun) settle(CLAIMS.pod);
    readEarly(CLAIMS, signal);
    expect(reads).toBe(33);
  });

  test("are only of tokens that are for us and say whose they are", () => {
    const readEarly = early();
    readEarly({ ...CLAIMS, isForUs: false }, signal);
    readEarly({ ...CLAIMS, pod: undefined }, signal);
    expect(reads).toBe(0);
  });

  test("of a token that does not say which Pod of the name it is are none", () => {
    const claimsOf = (pod: object) => {
      const claims = { aud: ["piggysec.com"], "kubernetes.io": { namespace: "shop", pod } };
      const token = `${base64url({ alg: "none" })}.${base64url(claims)}.`;
      return readClaims(token, 0).pod;
    };
    expect(claimsOf({ name: "cart", uid: "1" })).toEqual(POD);
    expect(claimsOf({ name: "cart" })).toBeUndefined();
    expect(claimsOf({ name: "cart", uid: 1 })).toBeUndefined();
  });

  test("are not those of another Pod of the name", async () => {
    const { readBoundPod } = early()(CLAIMS, signal);
    expect(reads).toBe(1);
    await readBoundPod(POD, signal);
    expect(reads).toBe(2);
    await readBoundPod({ ...POD, uid: "another" }, signal);
    expect(reads).toBe(4);
  });
});

function base64url(object: object): string {
  return Buffer.from(JSON.stringify(object)).toString("base64url");
}
