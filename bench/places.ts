/**
 * Where programs run. Server and client share a machine, so each has a processor of its own: else the faster server
 * would leave its client less time, and be measured with a slower one.
 */
export type Place = "server" | "client";

const PROCESSORS: Readonly<Record<Place, number>> = { server: 0, client: 1 };

const hasTaskset = Bun.which("taskset") !== null;

/** Not on a machine of one processor, nor where we are given others. */
const hasPlaces =
  hasTaskset &&
  Object.values(PROCESSORS).every((processor) => Bun.spawnSync(on(processor, ["true"])).success);

function on(processor: number, command: readonly string[]): string[] {
  return ["taskset", "--cpu-list", String(processor), ...command];
}

/** @throws Error where server and client cannot have a processor each */
export function requirePlaces(): void {
  if (!hasTaskset) throw new Error("taskset is not here (Debian: apt-get install util-linux)");
  if (!hasPlaces)
    throw new Error("one processor is not enough: server and client need one each, numbers 0 and 1");
}

/** The command, to run on the processor of that place alone; anywhere on a machine where nothing can be measured. */
export function placed(place: Place, command: readonly string[]): readonly string[] {
  return hasPlaces ? on(PROCESSORS[place], command) : command;
}
