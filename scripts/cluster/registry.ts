/** A registry, from Debian. It is for tests; nothing of it is shipped. */
import { join } from "node:path";
import { ownArchitecture } from "../bundle/architecture.ts";
import { cached } from "../bundle/cache.ts";
import { unpackPackage } from "../bundle/debian.ts";
import pins from "../bundle/pins.json" with { type: "json" };

const PROGRAM = "usr/bin/docker-registry";

/** The program's path. @throws Error that says what to do */
export async function registryProgram(): Promise<string> {
  const { package: name, version, release } = pins.registry;
  const wanted = { package: name, version, release, ...pins.registry[ownArchitecture] };
  const folder = await cached(`docker-registry-${version}-${ownArchitecture}`, (work) =>
    unpackPackage(wanted, ownArchitecture, work, [PROGRAM]),
  );
  return join(folder, PROGRAM);
}
