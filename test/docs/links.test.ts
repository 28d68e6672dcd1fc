/** Every link of the pages to another page or a file leads there, and to the heading that it names. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "charts/piggy-webhooks/README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

const textOf = (page: string) => readFileSync(join(ROOT, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");

/** As forges make them of headings: lower case, punctuation left out, hyphens for spaces, underscores kept. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Why a link leads nowhere; undefined for one that is good, or of the web. */
function faultOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(ROOT, target))) return `${page}: there is no ${target}`;
  if (anchor === undefined || statSync(join(ROOT, target)).isDirectory()) return undefined;
  return anchorsOf(target).includes(anchor) ? undefined : `${page}: ${target} has no heading #${anchor}`;
}

test("links lead somewhere", () => {
  const links = PAGES.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => [page, link] as const),
  );
  expect(links.length).toBeGreaterThan(100);
  expect(links.flatMap(([page, link]) => faultOf(page, link) ?? [])).toEqual([]);
});

test("every page begins with a title and what it is for", () => {
  const pages = PAGES.filter((page) => page.startsWith("docs/"));
  const untitled = pages.filter((page) => !/^# [^\n]+\n\n[A-Z`]/.test(textOf(page)));
  expect(untitled).toEqual([]);
});
