import { badRequest } from "./error.ts";

/** Source: AWS STS API Reference, Tag. */
const KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const MOST = 50;

/** The tags of an AssumeRole. @throws AwsError as STS answers what cannot be one, or two of the same key */
export function sessionTags(form: URLSearchParams): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (let index = 1; form.has(`Tags.member.${index}.Key`); index += 1) {
    const key = form.get(`Tags.member.${index}.Key`) ?? "";
    const value = form.get(`Tags.member.${index}.Value`) ?? "";
    const isTaken = [...tags.keys()].some((taken) => taken.toLowerCase() === key.toLowerCase());
    if (!KEY.test(key) || !VALUE.test(value) || isTaken || key.startsWith("aws:") || index > MOST) {
      throw badRequest("ValidationError", `1 validation error detected: Value at 'tags.${index}.member'`);
    }
    tags.set(key, value);
  }
  return tags;
}

/** A policy's text with the tags of who asks; undefined where it names one that there is none of. */
export function withPrincipalTags(text: string, tags: ReadonlyMap<string, string>): string | undefined {
  let isWhole = true;
  const filled = text.replace(/\$\{aws:PrincipalTag\/([^}]+)\}/g, (_, key: string) => {
    isWhole &&= tags.has(key);
    return tags.get(key) ?? "";
  });
  return isWhole ? filled : undefined;
}
