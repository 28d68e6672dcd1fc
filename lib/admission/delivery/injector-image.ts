/** Which injector an image holds, as far as its name tells. */
import { latest } from "../latest.ts";

/** The first version of the injector that asks with a token whose audience is ours. */
const FIRST_WITH_TOKEN = [1, 0, 0] as const;

/** The repository of the Go injector, whose tags say nothing about ours. */
const OTHER_INJECTOR = /(^|\/)kongz\/piggy-env$/i;

interface ImageParts {
  readonly repository: string;
  readonly tag: string | undefined;
}

function partsOf(image: string): ImageParts {
  const [name = "", digest] = image.split("@", 2);
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  if (colon < 0) return { repository: name, tag: digest === undefined ? "latest" : undefined };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function isOlder(tag: string): boolean {
  const version = /^v?(\d+)\.(\d+)\.(\d+)/.exec(tag)?.slice(1).map(Number);
  if (version === undefined) return false;
  const at = FIRST_WITH_TOKEN.findIndex((part, index) => part !== version[index]);
  return at >= 0 && (version[at] ?? 0) < (FIRST_WITH_TOKEN[at] ?? 0);
}

/**
 * Whether an injector image asks with our token: it is of the repository that the webhook was installed with, and
 * no version before the first that does. One that does not would be refused, so it is given none.
 */
export const injectorKnowsToken = latest((image: string, installed: string | undefined): boolean => {
  const { repository, tag } = partsOf(image);
  if (OTHER_INJECTOR.test(repository)) return false;
  if (installed && repository !== partsOf(installed).repository) return false;
  return tag === undefined || !isOlder(tag);
});
