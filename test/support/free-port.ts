/** A port for a program that must know its own before it listens. */
import { randomInt } from "node:crypto";

/** Below those that a kernel gives out by itself: no connection that is made meanwhile gets it. */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 100;

const given = new Set<number>();

/** That is free on loopback, and was given to nobody else here. */
export function freePort(): number {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`none of ${TRIES} ports can be listened at`);
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
