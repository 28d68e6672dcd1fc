/** A file as text. node:fs would take a millisecond to load, in every container that has a role of its own. */
export function readText(file: string): Promise<string> {
  return Bun.file(file).text();
}
