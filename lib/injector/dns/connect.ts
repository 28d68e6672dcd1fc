/** Connecting to names that we look up ourselves, as PIGGY_DNS_RESOLVER has it. */

import { type Connection, connect } from "../../connection.ts";
import type { DnsTransport } from "../../dns-transport.ts";
import { messageOf, PiggyError } from "../../error.ts";
import { familyOf } from "./address.ts";
import { lookUp } from "./look-up.ts";

/** How long an address is waited for while there is another. */
const NEXT_ADDRESS_MS = 3_000;
/** Of a name. More lead nowhere else, and all of them are told of. */
const MOST_ADDRESSES = 16;

/** As `connect`, which has the C library look names up. The certificate is checked against the name all the same. */
export function connectOver(transport: DnsTransport): typeof connect {
  return async (destination, signal, mark) => {
    const { hostname } = destination;
    if (familyOf(hostname)) return connect(destination, signal, mark);
    const addresses = await lookUp(hostname, transport, signal);
    return inTurn(addresses.slice(0, MOST_ADDRESSES), signal, (address, until) =>
      connect({ ...destination, hostname: address }, until, mark),
    );
  };
}

/**
 * The first address that can be connected to. One that answers as somebody else ends it: that is no fault of the way.
 * @throws what the only one throws; PiggyError `connection_failed` of all of them
 */
async function inTurn(
  addresses: readonly string[],
  signal: AbortSignal,
  connectTo: (address: string, until: AbortSignal) => Promise<Connection>,
): Promise<Connection> {
  const faults: unknown[] = [];
  for (const [index, address] of addresses.entries()) {
    const isLast = index === addresses.length - 1;
    const until = isLast ? signal : AbortSignal.any([signal, AbortSignal.timeout(NEXT_ADDRESS_MS)]);
    try {
      return await connectTo(address, until);
    } catch (error) {
      if (error instanceof PiggyError && error.code === "peer_untrusted") throw error;
      faults.push(error);
      if (signal.aborted) break;
    }
  }
  if (faults.length === 1) throw faults[0];
  throw new PiggyError("connection_failed", faults.map(messageOf).join("; "));
}
