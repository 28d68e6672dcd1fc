/** The DNS names that the webhook is reached by. */
import { PiggyError } from "../error.ts";

export interface Names {
  readonly service: string;
  readonly namespace: string;
  /** Of the operator's, separated by commas. */
  readonly further: string;
}

/** A DNS name, its first label perhaps `*`. Source: RFC 1123, 2.1; RFC 6125, 6.4.3. */
const NAME = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/**
 * Every form of the Service's name, and the operator's further ones.
 * @throws PiggyError `setting_invalid`
 */
export function certificateNames({ service, namespace, further }: Names): readonly string[] {
  const words = further.split(",").map((word) => word.trim());
  const names = words.filter((word) => word !== "");
  const wrong = names.find((name) => name.length > 253 || !NAME.test(name));
  if (wrong !== undefined) {
    const what = `PIGGY_CERTIFICATE_NAMES: ${JSON.stringify(wrong)} is not a DNS name`;
    throw new PiggyError("setting_invalid", what);
  }
  const inNamespace = `${service}.${namespace}`;
  const own = [`${inNamespace}.svc`, inNamespace, `${inNamespace}.svc.cluster.local`, service];
  return [...new Set([...own, ...names])];
}
