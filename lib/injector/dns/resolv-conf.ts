/** /etc/resolv.conf. Source: resolv.conf(5); its limits are glibc's. */
import { familyOf } from "./address.ts";

export interface Configuration {
  /** Addresses, in the order in which they are asked. */
  readonly nameservers: readonly string[];
  /** Domains, without a dot at their end. */
  readonly search: readonly string[];
  /** A name with as many dots is first tried as it is. */
  readonly ndots: number;
  /** How long one server is waited for, each time. */
  readonly timeoutMs: number;
  /** How often each server is asked. */
  readonly attempts: number;
}

const MOST_NAMESERVERS = 3;
/** Where the file names none: this machine's own. */
const OWN_NAMESERVERS = ["127.0.0.1", "::1"] as const;

const OPTIONS = {
  ndots: { default: 1, least: 0, most: 15 },
  timeout: { default: 5, least: 1, most: 30 },
  attempts: { default: 2, least: 1, most: 5 },
} as const;

/** Lines that are not understood count for nothing, as in every other reader of this file. */
export function parseResolvConf(text: string): Configuration {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  const options: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword = "", ...words] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && familyOf(words[0] ?? "")) nameservers.push(words[0] ?? "");
    // The last of them counts.
    if (keyword === "search") search = words;
    if (keyword === "domain") search = words.slice(0, 1);
    if (keyword === "options") options.push(...words);
  }
  return {
    nameservers: nameservers.length === 0 ? OWN_NAMESERVERS : nameservers.slice(0, MOST_NAMESERVERS),
    search: search.map((domain) => domain.replace(/\.$/, "")).filter(Boolean),
    ndots: optionOf("ndots", options),
    timeoutMs: optionOf("timeout", options) * 1_000,
    attempts: optionOf("attempts", options),
  };
}

function optionOf(name: keyof typeof OPTIONS, words: readonly string[]): number {
  const { default: otherwise, least, most } = OPTIONS[name];
  const given = words.findLast((word) => word.startsWith(`${name}:`))?.slice(name.length + 1) ?? "";
  return /^\d+$/.test(given) ? Math.min(Math.max(Number(given), least), most) : otherwise;
}
