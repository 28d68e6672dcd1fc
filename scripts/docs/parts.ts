/** Parts of a page that `npm run generate` writes, between comments that name them. Pure. */

/** The content of each part, by its name. */
export type Parts = Readonly<Record<string, string>>;

/** @throws Error where the page has no place for one of them, or a place for none */
export function withParts(page: string, parts: Parts): string {
  const places = [...page.matchAll(/^<!-- (.+): by npm run generate -->$/gm)].map(([, name]) => name);
  for (const place of places) {
    if (place === undefined || !Object.hasOwn(parts, place))
      throw new Error(`nobody writes the part ${place}`);
  }
  return Object.entries(parts).reduce((text, [name, content]) => withPart(text, name, content), page);
}

function withPart(page: string, name: string, content: string): string {
  const begin = `<!-- ${name}: by npm run generate -->\n`;
  const end = `\n<!-- end of ${name} -->`;
  const [before, rest, ...others] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error(`the page has no place, or two, for the part ${name}`);
  }
  return before + begin + content + end + after;
}
