/**
 * Ends of texts. A regular expression such as `/x+$/` looks again from every x that it meets, and a text that
 * somebody sends may have a million of them.
 */

/** The text without the characters at its end that are of the given ones. */
export function trimEndOf(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The text without the characters at both ends that are of the given ones. */
export function trimOf(text: string, characters: string): string {
  const trimmed = trimEndOf(text, characters);
  let start = 0;
  while (start < trimmed.length && characters.includes(trimmed.charAt(start))) start += 1;
  return trimmed.slice(start);
}
