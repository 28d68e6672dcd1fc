import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../../support/world.ts";
import {
  defaultToken,
  HUSH,
  joinedSignature,
  NOT_ALLOWED,
  olderRequestOf,
  ownToken,
  prefixed,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "../asking.ts";
import { olderPod } from "../older-pod.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  const put = (name: string, region: string, password: string) =>
    world.aws.putSecret({ region, name, value: JSON.stringify({ password: HUSH + password }) });
  put("shop/cart", REGION, "older");
  put("shop/cart", REGION, "admitted");
  put("shop/cart", "eu-central-1", "region");
  put("bank/vault", REGION, "vault");
  world.aws.putParameter({ region: REGION, name: "/bank/password", value: `${HUSH}path` });
});
afterAll(() => world.stop());

describe("an annotation that is changed after admission changes nothing", () => {
  test.each<[string, string]>([
    ["aws-secret-name", "bank/vault"],
    ["aws-secret-version", "AWSPREVIOUS"],
    ["aws-region", "eu-central-1"],
    ["aws-ssm-parameter-path", "/bank"],
    ["piggy-uid", "{}"],
    ["piggy-enforce-integrity", "false"],
  ])("%s: %s", async (annotation, value) => {
    const pod = await startPod(world.kubernetes);
    const token = await ownToken(world.kubernetes, pod);
    world.kubernetes.patchPodAnnotations(pod.namespace, pod.name, prefixed({ [annotation]: value }));
    const { status, body } = await door.ask(token, requestOf(pod));
    expect([status, body]).toEqual([200, JSON.stringify({ password: `${HUSH}admitted` })]);
  });

  test("piggy-enforce-integrity: false lets no other command in", async () => {
    const pod = await startPod(world.kubernetes);
    const token = await ownToken(world.kubernetes, pod);
    const { namespace, name } = pod;
    world.kubernetes.patchPodAnnotations(namespace, name, prefixed({ "piggy-enforce-integrity": "false" }));
    const { status, body } = await door.ask(token, { ...requestOf(pod), signature: "" });
    expect([status, body]).toEqual([403, NOT_ALLOWED]);
  });

  test("piggy-uid lets in neither another command nor another uid", async () => {
    const pod = await startPod(world.kubernetes);
    const token = await ownToken(world.kubernetes, pod);
    const uid = "d".repeat(32);
    const signature = joinedSignature(["/bin/intruder"]);
    const piggyUid = JSON.stringify({ [pod.uid]: signature, [uid]: signature });
    world.kubernetes.patchPodAnnotations(pod.namespace, pod.name, prefixed({ "piggy-uid": piggyUid }));
    expect((await door.ask(token, { ...requestOf(pod), signature })).status).toBe(403);
    expect((await door.ask(token, { ...requestOf(pod), uid, signature })).status).toBe(403);
    expect((await door.ask(token, requestOf(pod))).status).toBe(200);
  });

  test("but decides for a Pod of an older webhook, whose spec says too little", async () => {
    const pod = olderPod(world.kubernetes);
    const token = await defaultToken(world.kubernetes, pod);
    world.kubernetes.patchPodAnnotations(
      pod.namespace,
      pod.name,
      prefixed({ "aws-secret-name": "bank/vault" }),
    );
    const { body } = await door.ask(token, olderRequestOf(pod));
    expect(JSON.parse(body)).toEqual({ password: `${HUSH}vault` });
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
