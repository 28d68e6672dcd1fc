/**
 * Which addresses a look-up may go to. An image's name is written by whoever writes the Pod, and the answer of a
 * registry by whoever runs it: neither may make the webhook knock on doors inside.
 */
import { PiggyError } from "../error.ts";

export interface RegistrySettings {
  /** Origins (`http://127.0.0.1:5000`) that may be asked as they stand, without TLS or on loopback. */
  readonly trustedOrigins: ReadonlySet<string>;
  /** PEM of CAs besides the built-in roots. */
  readonly ca: string | undefined;
}

/**
 * Origins separated by commas, as an operator writes them.
 * @throws PiggyError `setting_invalid`
 */
export function parseOrigins(text: string): ReadonlySet<string> {
  const words = text.split(",").map((word) => word.trim());
  return new Set(
    words.filter(Boolean).map((word) => {
      const url = URL.canParse(word) ? new URL(word) : undefined;
      if (url !== undefined && /^https?:$/.test(url.protocol)) return url.origin;
      throw new PiggyError(
        "setting_invalid",
        `PIGGY_REGISTRY_ORIGINS: ${JSON.stringify(word)} is no origin such as http://registry.local:5000`,
      );
    }),
  );
}

/** The origin of a registry: https, but for a host that was configured for http. */
export function originOf(host: string, { trustedOrigins }: RegistrySettings): string {
  const plain = `http://${host}`;
  return trustedOrigins.has(plain) ? plain : `https://${host}`;
}

/**
 * @throws PiggyError `image_host_refused` for an address that was not configured and is not https or is local.
 */
export function checkAddress(address: string, { trustedOrigins }: RegistrySettings): URL {
  const refuse = (why: string) =>
    new PiggyError(
      "image_host_refused",
      `${address.split("?", 1)[0]} is not asked: ${why}. An operator can allow it: PIGGY_REGISTRY_ORIGINS on piggy-webhooks`,
    );
  if (!URL.canParse(address)) throw refuse("it is no address");
  const url = new URL(address);
  if (trustedOrigins.has(url.origin)) return url;
  if (url.protocol !== "https:") throw refuse("it is not https");
  if (isLocal(url.hostname)) throw refuse("it is on this machine or its link");
  return url;
}

function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    /^(127\.\d+|0\.\d+|169\.254)(\.\d+){2}$/.test(host) ||
    // IPv6's loopback and its ways to write an IPv4 address, a link, the metadata service of AWS.
    /^(::|64:ff9b:|fe[89ab].:|fd00:ec2:)/.test(host)
  );
}
