/**
 * Which addresses a look-up may go to. An image's name is written by whoever writes the Pod, and the answer of a
 * registry by whoever runs it: neither may make the webhook knock on doors inside.
 */
import { PiggyError } from "../error.ts";
import { quote } from "../quotation.ts";
import { isAddress, isLocalAddress } from "./local-address.ts";
import type { RegistrySettings } from "./registry-settings.ts";

/** Of what an operator wrote. */
const LONGEST_SHOWN = 200;

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
        `PIGGY_REGISTRY_ORIGINS: ${quote(word, LONGEST_SHOWN)} is no origin such as http://registry.local:5000`,
      );
    }),
  );
}

/** The origin of a registry: https, but for a host that was configured for http. */
export function originOf(host: string, { trustedOrigins }: Pick<RegistrySettings, "trustedOrigins">): string {
  const plain = plainOrigin(host);
  return trustedOrigins.has(plain) ? plain : `https://${host}`;
}

/** As URLs have it, and so the origins that an operator wrote: most hosts are like that, and every Pod comes by here. */
function plainOrigin(host: string): string {
  const isLikeThat = !/[A-Z]|:80$/.test(host);
  return isLikeThat ? `http://${host}` : `http://${host.toLowerCase().replace(/:80$/, "")}`;
}

/**
 * @throws PiggyError `image_host_refused` for an address that was not configured and is not https or is local.
 */
export function checkAddress(
  address: string,
  { trustedOrigins }: Pick<RegistrySettings, "trustedOrigins">,
): URL {
  if (!URL.canParse(address)) throw refusal(address, "it is no address");
  const url = new URL(address);
  if (trustedOrigins.has(url.origin)) return url;
  if (url.protocol !== "https:") throw refusal(address, "it is not https");
  if (isLocal(url.hostname)) throw refusal(address, "it is on this machine or its link");
  return url;
}

/** For a name, all of whose addresses must be elsewhere: it is its owner's to say which of them is asked. */
export function checkAddresses(url: URL, addresses: readonly string[]): readonly string[] {
  if (!addresses.some(isLocalAddress)) return addresses;
  throw refusal(url.href, "its name leads to this machine or its link");
}

function refusal(address: string, why: string): PiggyError {
  return new PiggyError(
    "image_host_refused",
    `${address.split("?", 1)[0]} is not asked: ${why}. An operator can allow it: PIGGY_REGISTRY_ORIGINS on piggy-webhooks`,
  );
}

function isLocal(hostname: string): boolean {
  const host = hostname.replace(/\.$/, "");
  if (isAddress(host)) return isLocalAddress(host.replace(/^\[|\]$/g, ""));
  return host === "localhost" || host.endsWith(".localhost");
}
