/** moto, which speaks AWS's protocols, from PyPI. It is for tests; nothing of it is shipped. */
import { fileURLToPath } from "node:url";
import { cached, run } from "../bundle/cache.ts";

const REQUIREMENTS = fileURLToPath(new URL("requirements.txt", import.meta.url));
const WHO = "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])";

/** The command that serves on a port of a host, which are to follow. @throws Error that says what to do */
export async function motoServer(): Promise<readonly string[]> {
  const { python, folder } = await motoPackages();
  return ["/usr/bin/env", `PYTHONPATH=${folder}`, python, "-s", "-m", "moto.server"];
}

/** The Python that it runs on, and the folder of all its packages. @throws Error that says what to do */
export async function motoPackages(): Promise<{ readonly python: string; readonly folder: string }> {
  const { python, version } = await findPython();
  const text = await Bun.file(REQUIREMENTS).text();
  const digest = new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 12);
  // Some of its packages are compiled for one version of Python.
  const folder = await cached(`moto-${digest}-python${version}`, async (work) => {
    const options = [
      "--quiet",
      "--no-deps",
      "--require-hashes",
      "--root-user-action=ignore",
      "--target",
      work,
    ];
    await run([python, "-m", "pip", "install", ...options, "-r", REQUIREMENTS]);
  });
  return { python, folder };
}

async function findPython(): Promise<{ readonly python: string; readonly version: string }> {
  if (Bun.which("python3") === null) {
    throw new Error("python3 is not here, which moto runs on: apt-get install python3 python3-pip");
  }
  const [python = "", version = ""] = (await run(["python3", "-c", WHO])).split("\n");
  return { python, version };
}

if (import.meta.main) console.log((await motoServer()).join(" "));
