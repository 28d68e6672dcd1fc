/** The caller of most tests: the container of a Pod whose secret holds one password. */
import { REGION, startWorld, type World, type WorldOptions } from "../support/world.ts";
import { HUSH, ownToken, type SecretDoor, type StartedPod, secretDoor, startPod } from "./asking.ts";

export interface Cart {
  readonly world: World;
  readonly door: SecretDoor;
  /** Called so. */
  readonly pod: StartedPod;
  readonly token: string;
}

/** In a world of its own, which is to be stopped. */
export async function startCart(options: WorldOptions = {}): Promise<Cart> {
  const world = await startWorld(options);
  const door = secretDoor(world.webhook, world.authority.pem);
  const value = JSON.stringify({ password: `${HUSH}password` });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value });
  const pod = await startPod(world.kubernetes, { name: "cart" });
  return { world, door, pod, token: await ownToken(world.kubernetes, pod) };
}
