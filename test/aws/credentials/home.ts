import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A developer's home folder. */
export interface Home {
  readonly path: string;
  /** Writes a file below the folder and returns its path. */
  write(name: string, text: string): Promise<string>;
  /** What `aws sso login` leaves behind for a session's name or a start URL. */
  writeSsoToken(id: string, token: object): Promise<string>;
  remove(): Promise<void>;
}

export async function makeHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), "piggy-home-"));
  const write = async (name: string, text: string) => {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  return {
    path,
    write,
    writeSsoToken: (id, token) => {
      const hash = createHash("sha1").update(id).digest("hex");
      return write(`.aws/sso/cache/${hash}.json`, JSON.stringify(token));
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
