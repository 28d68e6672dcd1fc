/** Programs in a root, in mounts and as a user of their own: what a container's runtime does, as far as it matters here. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { piggyEnv } from "../support/programs.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";

/** Why mounts cannot be made here; undefined where they can. Without it, what needs them is passed over. */
export const noMounts = whyNoMounts();

function whyNoMounts(): string | undefined {
  if (process.getuid?.() !== 0) return "not root: no mount, chroot or limit can be made";
  const { success, stderr } = Bun.spawnSync([
    "unshare",
    "-m",
    "-p",
    "-f",
    "mount",
    "-t",
    "tmpfs",
    "none",
    "/mnt",
  ]);
  return success ? undefined : `unshare and mount do not work here: ${stderr.toString().trim()}`;
}

if (noMounts !== undefined) console.log(`test/launcher: some tests are skipped: ${noMounts}`);

export const bundleFolder = async () => dirname(await piggyEnv());

/** Runs a shell script with mounts of its own, which end with it; its parameters are $1 and so on. */
export async function inOwnMounts(script: string, parameters: readonly string[]): Promise<Ended> {
  const shell = ["/bin/sh", "-euc", script, "sh", ...parameters];
  return runPlainly(["unshare", "-m", "--propagation", "private", ...shell], {
    PATH: process.env["PATH"] ?? "",
  });
}

export const removed = (directory: string) => rm(directory, { recursive: true, force: true });
