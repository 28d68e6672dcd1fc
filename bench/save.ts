/** What a bench leaves behind: its figures as JSON and its chart, in folders that are made when they are not there. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export async function save(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
