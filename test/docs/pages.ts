/** The pages that an operator reads, as they stand in the repository. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Block, parseBlocks } from "./blocks.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** By its path from the root of the repository. */
export const readPage = (page: string) => readFileSync(ROOT + page, "utf8");

export const PAGES: readonly string[] = [
  "README.md",
  "charts/piggy-webhooks/README.md",
  ...[...new Bun.Glob("docs/**/*.md").scanSync(ROOT)].sort(),
];

export const blocksOf = (page: string): readonly Block[] => parseBlocks(page, readPage(page));

export const allBlocks: readonly Block[] = PAGES.flatMap(blocksOf);

export const placeOf = ({ page, line }: Block) => `${page}:${line}`;
