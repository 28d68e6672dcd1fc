/** What strangers wrote, in words for people: in one line, of bounded length, and with nothing that a terminal acts on. */

/** Nothing is unfit in it, as in nearly every name. */
const PLAIN = /^[ -~]*$/;
/** Control characters, those that turn text around or hide it, ends of lines, and halves of characters. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text with what is unfit written as `\u{…}`. Of one that is longer than `longest` characters the middle is left out,
 * and so many characters of its end stay.
 */
export function oneLine(text: string, longest: number, end = 0): string {
  if (text.length <= longest && PLAIN.test(text)) return text;
  // Escaped it may have become longer again.
  return shorten(shorten(text, longest, end).replace(UNFIT, escaped), longest, end).toWellFormed();
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function shorten(text: string, longest: number, end: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1 - end)}…${text.slice(text.length - end)}`;
}

/** The beginning of a text in quotation marks, without the name and password that stand in a URL. */
export function quote(text: string, longest: number): string {
  // Cut in its midst a password would not be told from a path.
  return JSON.stringify(text.replace(/\/\/[^/]*@/g, "//…@").slice(0, longest));
}
