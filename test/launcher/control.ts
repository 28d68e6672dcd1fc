/** The injector without its launcher: what the container's variables and files do to it shows what the launcher is for. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setInterpreter } from "../../scripts/bundle/interpreter.ts";
import { bundleFolder } from "./enclosed.ts";

const SOURCE = fileURLToPath(new URL("../../injector.ts", import.meta.url));

const HOST_LOADER = process.arch === "arm64" ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";

/** The bundle's own injector, started by the host's loader. */
export async function bareInjector(to: string): Promise<string> {
  const program = await readFile(join(await bundleFolder(), "lib/injector"));
  setInterpreter(program, HOST_LOADER);
  await writeFile(to, program);
  await chmod(to, 0o755);
  return to;
}

/** An injector that was compiled with no option that keeps it from the container's files. */
export async function openInjector(to: string): Promise<string> {
  await built([process.execPath, "build", "--compile", SOURCE, "--outfile", to]);
  return to;
}

/** A library that has this name and none of the functions that are sought in it. */
export async function uselessLibrary(to: string, name: string, needed?: string): Promise<string> {
  const source = `${to}.c`;
  await writeFile(
    source,
    "extern int piggy_absent(void); int piggy_useless(void) { return piggy_absent(); }\n",
  );
  const options = ["-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", `-Wl,-soname,${name}`];
  await built([
    process.env["CC"] || "cc",
    ...options,
    "-o",
    to,
    source,
    ...(needed === undefined ? [] : [needed]),
  ]);
  return to;
}

async function built(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdout: "ignore", stderr: "pipe" });
  const [errors, code] = await Promise.all([child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")} failed:\n${errors}`);
}
