import { expect, test } from "bun:test";
import { createGathering } from "../../lib/http/gathering.ts";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Lets everybody go on who waits for promises alone. */
async function settle(): Promise<void> {
  for (let step = 0; step < 10; step += 1) await undefined;
}

/** In turns of the event loop, as somebody sees them who was there before. */
async function turnsUntil(isOver: () => boolean, atMost = 10): Promise<number> {
  for (let turns = 0; turns < atMost; turns += 1) {
    await settle();
    if (isOver()) return turns;
    await nextTurn();
  }
  throw new Error(`not over after ${atMost} turns`);
}

test("one that comes alone goes on after a turn", async () => {
  const gathered = createGathering();
  let isOver = false;
  void gathered().then(() => {
    isOver = true;
  });
  expect(await turnsUntil(() => isOver)).toBe(1);
});

test("those that come within a turn of each other go on together, in their order", async () => {
  const gathered = createGathering();
  const steps: string[] = [];
  const come = (name: string) =>
    gathered().then(() => {
      steps.push(name);
      setImmediate(() => steps.push("turn"));
    });
  const first = [come("a"), come("b")];
  await nextTurn();
  await Promise.all([...first, come("c")]);
  expect(steps).toEqual(["a", "b", "c"]);
});

test("nobody waits for more than three turns, whoever else comes", async () => {
  const gathered = createGathering();
  let isOver = false;
  void gathered().then(() => {
    isOver = true;
  });
  const turns = await turnsUntil(() => {
    if (!isOver) void gathered();
    return isOver;
  });
  expect(turns).toBe(3);
});

test("who comes when all have gone on waits for a turn of its own", async () => {
  const gathered = createGathering();
  await gathered();
  let isOver = false;
  void gathered().then(() => {
    isOver = true;
  });
  expect(await turnsUntil(() => isOver)).toBe(1);
});
