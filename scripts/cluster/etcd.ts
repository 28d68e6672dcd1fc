/** The store behind an API server, from Debian. It is for tests; nothing of it is shipped. */
import { join } from "node:path";
import { ownArchitecture } from "../bundle/architecture.ts";
import { cached } from "../bundle/cache.ts";
import { unpackPackage } from "../bundle/debian.ts";
import pins from "../bundle/pins.json" with { type: "json" };

const PROGRAM = "usr/bin/etcd";

/** The program's path. @throws Error that says what to do */
export async function etcdProgram(): Promise<string> {
  const { package: name, version, release } = pins.etcd;
  const wanted = { package: name, version, release, ...pins.etcd[ownArchitecture] };
  const folder = await cached(`etcd-${version}-${ownArchitecture}`, (work) =>
    unpackPackage(wanted, ownArchitecture, work, [PROGRAM]),
  );
  return join(folder, PROGRAM);
}
