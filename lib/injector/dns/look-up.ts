/** The addresses of a name, from /etc/hosts or by asking the servers of /etc/resolv.conf. */
import type { DnsTransport } from "../../dns-transport.ts";
import { PiggyError } from "../../error.ts";
import { ENOENT, readText, SystemError } from "../files.ts";
import { type Family, familyOf } from "./address.ts";
import { addressesInHosts } from "./hosts.ts";
import { candidateNames } from "./names.ts";
import { parseResolvConf } from "./resolv-conf.ts";
import { askServers, type Outcome, type Servers } from "./servers.ts";

/** How long the other family is waited for once there are addresses. Source: RFC 8305, 3, "Resolution Delay". */
const RESOLUTION_DELAY_MS = 50;

/**
 * At least one address, in the order in which they are to be connected to.
 * @throws PiggyError `connection_failed`
 */
export async function lookUp(
  name: string,
  transport: DnsTransport,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const families = familiesFor(transport);
  const inHosts = addressesInHosts(readIfThere("/etc/hosts"), name);
  if (inHosts.length > 0) {
    return families.flatMap((family) => inHosts.filter((address) => familyOf(address) === family));
  }
  const configuration = parseResolvConf(readIfThere("/etc/resolv.conf"));
  const servers = { ...configuration, ...serversOver(transport, configuration.nameservers) };
  const asked = `over ${transport} (PIGGY_DNS_RESOLVER) at ${servers.nameservers.join(", ")}`;
  const faults: string[] = [];
  for (const candidate of candidateNames(name, configuration)) {
    const outcome = await addressesOf(candidate, families, servers, signal);
    if (outcome.kind === "found") return outcome.addresses;
    faults.push(`${candidate}: ${outcome.says}`);
    // Who is silent now would be so for the next name too, and that one is perhaps somebody else's.
    if (outcome.kind === "silent") break;
  }
  const says = faults.length === 0 ? "it is no domain name" : faults.join("; ");
  throw new PiggyError("connection_failed", `cannot look up ${name} ${asked}: ${says}`);
}

/**
 * IPv4 first, which there is nearly everywhere: an address that leads nowhere costs a wait. Who asks DNS over IPv6
 * says that there is IPv6.
 */
function familiesFor(transport: DnsTransport): readonly [Family, Family] {
  return transport.endsWith("6") ? [6, 4] : [4, 6];
}

/** @throws PiggyError `connection_failed` when there are none of the family that is asked for */
function serversOver(
  transport: DnsTransport,
  all: readonly string[],
): Pick<Servers, "nameservers" | "protocol"> {
  const family = transport.at(-1) === "6" ? 6 : 4;
  const isAny = transport === "udp" || transport === "tcp";
  const nameservers = isAny ? all : all.filter((server) => familyOf(server) === family);
  if (nameservers.length > 0) return { nameservers, protocol: transport.startsWith("tcp") ? "tcp" : "udp" };
  throw new PiggyError(
    "connection_failed",
    `PIGGY_DNS_RESOLVER is ${transport}, and /etc/resolv.conf names no server with an IPv${family} address, ` +
      `only ${all.join(", ")}`,
  );
}

/** Both families at once. @returns what was found, or the more telling of two failures */
async function addressesOf(
  name: string,
  [preferred, other]: readonly [Family, Family],
  servers: Servers,
  signal: AbortSignal,
): Promise<Outcome> {
  const enough = new AbortController();
  const until = AbortSignal.any([signal, enough.signal]);
  try {
    const second = askServers({ name, family: other }, servers, until);
    const first = await askServers({ name, family: preferred }, servers, until);
    if (first.kind !== "found") return better(first, await second);
    const more = await Promise.race([second, Bun.sleep(RESOLUTION_DELAY_MS)]);
    return more?.kind === "found" ? { ...more, addresses: [...first.addresses, ...more.addresses] } : first;
  } finally {
    enough.abort();
  }
}

const TELLING: readonly Outcome["kind"][] = ["found", "silent", "refused", "no address", "no name"];

function better(one: Outcome, other: Outcome): Outcome {
  return TELLING.indexOf(one.kind) <= TELLING.indexOf(other.kind) ? one : other;
}

function readIfThere(file: string): string {
  try {
    return readText(file);
  } catch (error) {
    if (error instanceof SystemError && error.errno === ENOENT) return "";
    throw new PiggyError("connection_failed", `cannot read ${file}`, { cause: error });
  }
}
