/** What runs the bundle for arm64 on a machine that is amd64. It is for tests; nothing of it is shipped. */
import { join } from "node:path";
import { cached } from "./cache.ts";
import { unpackPackage } from "./debian.ts";
import pins from "./pins.json" with { type: "json" };

const PROGRAM = "usr/bin/qemu-aarch64-static";

/** The emulator, a static program. @throws Error that says what to do */
export async function arm64Emulator(): Promise<string> {
  const { version } = pins.qemu;
  // The version begins with an epoch, and a colon has no place in a path that may stand in a list of paths.
  const folder = await cached(`qemu-${version.replace(/^\d+:/, "")}`, (work) =>
    unpackPackage(pins.qemu, "amd64", work, [PROGRAM]),
  );
  return join(folder, PROGRAM);
}
