/**
 * Where programs run. Server and client share a machine, so each has a processor of its own: else the faster server
 * would leave its client less time, and be measured with a slower one.
 */
import { availableParallelism } from "node:os";

export type Place = "server" | "client";

const PROCESSORS: Readonly<Record<Place, number>> = { server: 0, client: 1 };

/** @throws Error where there is no second processor */
export function requirePlaces(): void {
  if (availableParallelism() < 2)
    throw new Error("one processor is not enough: server and client need one each");
  if (Bun.which("taskset") === null)
    throw new Error("taskset is not here (Debian: apt-get install util-linux)");
}

/** The command, to run on the processor of that place alone. */
export function placed(place: Place, command: readonly string[]): readonly string[] {
  return ["taskset", "--cpu-list", String(PROCESSORS[place]), ...command];
}
