/** THIRD-PARTY.txt: what everything in an image asks to be said of its copyright and licence. Pure. */
import type { Component } from "./component.ts";
import { licenceNames, licenceText } from "./licences.ts";

const RULE = "=".repeat(80);

/** @param image the image's name */
export function thirdPartyNotices(image: string, components: readonly Component[]): string {
  const all = components.flatMap((component) => [component, ...(component.parts ?? [])]);
  const bare = all.filter((component) => component.notice === undefined || component.parts !== undefined);
  const names = [...bare, ...all.filter(({ licence }) => licence.startsWith("LGPL"))].flatMap(({ licence }) =>
    licenceNames(licence),
  );
  return [
    `What is in the image ${image} and is not of this project, with what it asks to be said. The project's own licence`,
    "is Apache-2.0.\n",
    ...components.map((component) => section(component, firstWith(component.notice, components))),
    ...[...new Set(names)].sort().flatMap(licenceSection),
  ].join("\n");
}

/** Many packages of one project come with one and the same text. */
const firstWith = (notice: string | undefined, components: readonly Component[]) =>
  components.find((component) => component.notice === notice);

const title = ({ name, version }: Component) => (version === undefined ? name : `${name} ${version}`);

/** @param first the first component with the same text */
function section(component: Component, first: Component | undefined): string {
  const { licence, website, notice, parts = [] } = component;
  const lines = [RULE, title(component), `Licence: ${licence}`];
  if (website !== undefined) lines.push(website);
  if (notice === undefined) lines.push("", "It came without a text; that of its licence stands below.", "");
  else if (first === undefined || first === component) lines.push("", notice, "");
  else lines.push("", `Its text is that of ${title(first)}, above.`, "");
  for (const part of parts)
    lines.push(`- ${title(part)}: ${part.licenceUrl ?? part.licence}, ${part.website ?? ""}`);
  return [...lines, ""].join("\n");
}

function licenceSection(name: string): readonly string[] {
  const text = licenceText(name);
  return text === undefined ? [] : [`${RULE}\nLicence ${name}\n\n${text.trim()}\n`];
}
