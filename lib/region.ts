const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/;
/** Twice as long as any that there is; each one that is asked for costs memory. */
const LONGEST = 32;

/** Whether the text can be an AWS region. It goes into a host name, so nothing else may pass. */
export function isRegion(text: string): boolean {
  return text.length <= LONGEST && REGION.test(text);
}
