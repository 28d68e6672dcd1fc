/** Every way to write each of the two. */
export const TRUE_TEXTS = ["1", "t", "T", "TRUE", "true", "True"] as const;
export const FALSE_TEXTS = ["0", "f", "F", "FALSE", "false", "False"] as const;

const TRUE: ReadonlySet<string> = new Set(TRUE_TEXTS);
const FALSE: ReadonlySet<string> = new Set(FALSE_TEXTS);

/** A Go boolean, or undefined when it is none. Source: Go, package strconv, func ParseBool. */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}
