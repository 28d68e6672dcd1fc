/**
 * The grammar of `~/.aws/config` and `~/.aws/credentials`.
 * Source: AWS SDKs and Tools Reference Guide, "Using shared config and credentials files".
 */

/** A section's properties. */
export type Section = ReadonlyMap<string, string>;

const HEADER = /^\[(.*)\]$/;
/** White space between a section's type and its name; quotes around a name. */
const TYPED_HEADER = /^([\w-]+)\s+(["']?)(.*)\2$/;

/**
 * Sections by header, such as `default`, `profile NAME` and `sso-session NAME`, quotes and surplus white space gone.
 * Sections of the same header are one. A property without a value begins a nested block, whose indented lines are
 * left out: none of them is a credential's.
 */
export function parseIni(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let isNested = false;
  for (const line of text.split(/\r?\n/)) {
    const content = line.replace(/(^|\s)[;#].*$/, "").trim();
    const header = HEADER.exec(content)?.[1];
    if (header !== undefined) {
      const name = header.trim().replace(TYPED_HEADER, "$1 $3");
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
      isNested = false;
      continue;
    }
    const equals = content.indexOf("=");
    if (section === undefined || equals < 1) continue;
    isNested &&= /^\s/.test(line);
    const value = content.slice(equals + 1).trim();
    if (value === "") isNested = true;
    else if (!isNested) section.set(content.slice(0, equals).trim(), value);
  }
  return sections;
}
