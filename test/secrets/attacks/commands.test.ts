/** Commands that are not the admitted one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { World } from "../../support/world.ts";
import {
  ARGV,
  digest,
  joinedSignature,
  ownToken,
  requestOf,
  type SecretDoor,
  type StartedPod,
  startPod,
} from "../asking.ts";
import { startCart } from "../cart.ts";
import { expectDenied } from "./denied.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
let pod: StartedPod;

beforeAll(async () => {
  ({ world, door, pod } = await startCart());
});
afterAll(() => world.stop());

describe("a command is denied", () => {
  const askToRun = async (signature: string) =>
    door.ask(await ownToken(world.kubernetes, pod), { ...requestOf(pod), signature });

  test("but not the one that was admitted", async () => {
    expect((await askToRun(digest(ARGV))).status).toBe(200);
  });

  test.each<[string, string]>([
    ["of no signature", ""],
    ["with another argument", digest(["/bin/app", "--serve", "all night"])],
    ["with one argument more", digest([...ARGV, "-v"])],
    ["with an empty argument more", digest([...ARGV, ""])],
    ["with one argument less", digest(ARGV.slice(0, -1))],
    ["whose arguments are parted elsewhere", digest(["/bin/app", "--serve", "all", "day"])],
    ["that is signed as older injectors do", joinedSignature(ARGV)],
    ["whose signature is in upper case", digest(ARGV).toUpperCase()],
  ])("%s", async (_, signature) => {
    expectDenied(await askToRun(signature), /the command is not the one that was admitted/);
  });

  test("with what the kubelet would have expanded, when it is sent expanded", async () => {
    const argv = ["/bin/app", "$(PASSWORD)", "$$HOME"];
    const expanding = await startPod(world.kubernetes, { argv });
    const token = await ownToken(world.kubernetes, expanding);
    expect((await door.ask(token, requestOf(expanding))).status).toBe(200);
    const signature = digest(["/bin/app", "piggy:password", "$HOME"]);
    expectDenied(await door.ask(token, { ...requestOf(expanding), signature }), /the command is not/);
  });

  test("unless the Pod was admitted with piggy-enforce-integrity: false", async () => {
    const annotations = { "aws-secret-name": "shop/cart", "piggy-enforce-integrity": "false" };
    const free = await startPod(world.kubernetes, { annotations });
    const token = await ownToken(world.kubernetes, free);
    expect((await door.ask(token, { ...requestOf(free), signature: "" })).status).toBe(200);
  });
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
