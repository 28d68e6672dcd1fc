/** Runs a command where a cluster can be started, and nothing of it stays or leaves: a network, mounts, processes of its own. */
import { existsSync, readdirSync, realpathSync, rmdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CACHE, run } from "../bundle/cache.ts";
import { NODE_ADDRESS, SERVICE_NETWORK } from "./addresses.ts";

const SOURCE = fileURLToPath(new URL("enclose.c", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** How long a command that was asked to end may take before everything in there is ended. */
const GRACE_MS = 30_000;

export interface Enclosed {
  readonly exitCode: number;
  /** Whether somebody wanted an end of it, by a signal to us. */
  readonly isInterrupted: boolean;
}

/**
 * Runs it to its end; what is left of its files and control groups is removed.
 * @param limitMs after which it is ended
 * @param variables besides those that say where things are on the machine
 * @throws Error that says what is missing
 */
export async function runEnclosed(
  command: readonly string[],
  limitMs: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<Enclosed> {
  refuseWhereItCannotBe();
  const directory = await mkdtemp(join(tmpdir(), "piggy-enclosed-"));
  const group = `piggy-cluster-${process.pid}`;
  try {
    const child = Bun.spawn([await compile(directory), NODE_ADDRESS, SERVICE_NETWORK, ...command], {
      env: { ...environment(directory), ...variables, PIGGY_CLUSTER_GROUP: `/${group}` },
      // It ends when nobody holds this any more, also when we are killed.
      stdin: "pipe",
      stdout: "inherit",
      stderr: "inherit",
    });
    return await endOf(child, limitMs);
  } finally {
    await rm(directory, { recursive: true, force: true });
    removeGroups(group);
  }
}

/** What enclose.c hides with folders of its own. */
const HIDDEN = ["/run/", "/var/lib/", "/var/log/"];

function refuseWhereItCannotBe(): void {
  if (process.getuid?.() !== 0) {
    const how = "run this as root, for example in a container with --privileged";
    throw new Error(`a node is root's business: ${how}`);
  }
  for (const path of [fileURLToPath(import.meta.url), process.execPath, tmpdir(), CACHE].map(realPath)) {
    const hidden = HIDDEN.find((folder) => path.startsWith(folder));
    if (hidden !== undefined) throw new Error(`${path} is in ${hidden}, where a node has folders of its own`);
  }
}

const realPath = (path: string) => (existsSync(path) ? realpathSync(path) : path);

async function compile(directory: string): Promise<string> {
  const program = join(directory, "enclose");
  const options = ["-O2", "-Wall", "-Wextra", "-Werror", "-static"];
  await run([process.env["CC"] || "cc", ...options, "-o", program, SOURCE]);
  return program;
}

async function endOf(child: Bun.Subprocess, limitMs: number): Promise<Enclosed> {
  let isInterrupted = false;
  const end = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  };
  const interrupt = () => {
    isInterrupted = true;
    end();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const limit = setTimeout(() => {
    console.error(`piggy: ended after ${limitMs / 60_000} minutes`);
    end();
  }, limitMs);
  const exitCode = await child.exited;
  clearTimeout(limit);
  for (const signal of SIGNALS) process.off(signal, interrupt);
  return { exitCode, isInterrupted };
}

/** Of the machine's environment what says where things are, and temporary files that can be removed in one. */
function environment(directory: string): Readonly<Record<string, string>> {
  const kept = ["PATH", "HOME", "CC", "PIGGY_BUILD_CACHE", "NO_COLOR"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), TMPDIR: directory };
}

/**
 * The control groups of the containers. Those whose processes are gone are empty, and are removed as folders are.
 * @throws Error when somebody still is in one
 */
function removeGroups(name: string): void {
  const root = "/sys/fs/cgroup";
  for (const hierarchy of ["", ...foldersIn(root)]) removeFolders(join(root, hierarchy, name));
}

function removeFolders(folder: string): void {
  // It is not in every hierarchy.
  if (!existsSync(folder)) return;
  for (const name of foldersIn(folder)) removeFolders(join(folder, name));
  rmdirSync(folder);
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
