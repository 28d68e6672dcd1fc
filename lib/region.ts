const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/;

/** Whether the text can be an AWS region. It goes into a host name, so nothing else may pass. */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}
