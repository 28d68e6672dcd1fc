/** One question to the servers of /etc/resolv.conf, until one of them answers it. */
import { messageOf } from "../../error.ts";
import { exchange, type Protocol } from "./exchange.ts";
import type { Question, Reply } from "./message.ts";
import type { Configuration } from "./resolv-conf.ts";

export interface Servers extends Pick<Configuration, "nameservers" | "timeoutMs" | "attempts"> {
  readonly protocol: Protocol;
}

export type Outcome =
  | { readonly kind: "found"; readonly addresses: readonly string[] }
  | {
      /** The name is not there; it has no such address; no server would say; none said anything. */
      readonly kind: "no name" | "no address" | "refused" | "silent";
      readonly says: string;
    };

const NO_ERROR = 0;
const NO_SUCH_NAME = 3;
const CODES: ReadonlyMap<number, string> = new Map([
  [1, "FORMERR"],
  [2, "SERVFAIL"],
  [4, "NOTIMP"],
  [5, "REFUSED"],
]);

/** Each server in turn, and all of them as often as the file says. Ends with the signal. */
export async function askServers(
  asked: Omit<Question, "id">,
  { nameservers, protocol, timeoutMs, attempts }: Servers,
  signal: AbortSignal,
): Promise<Outcome> {
  const faults = new Map<string, string>();
  let isSilent = true;
  for (let left = attempts; left > 0; left -= 1) {
    for (const server of nameservers) {
      if (signal.aborted) break;
      try {
        const reply = await exchange(server, asked, protocol, timeoutMs, signal);
        const outcome = outcomeOf(reply);
        if (outcome !== undefined) return outcome;
        isSilent = false;
        faults.set(server, reply.isReferral ? "it has no answer" : nameOf(reply.code));
      } catch (error) {
        faults.set(server, messageOf(error));
      }
    }
  }
  const says = [...faults].map(([server, fault]) => `${server}: ${fault}`).join(", ");
  return { kind: isSilent ? "silent" : "refused", says: says || "no answer in time" };
}

/** Undefined for what another server may know better. */
function outcomeOf({ code, isReferral, addresses }: Reply): Outcome | undefined {
  if (code === NO_SUCH_NAME) return { kind: "no name", says: "no such name (NXDOMAIN)" };
  if (code !== NO_ERROR || isReferral) return undefined;
  return addresses.length > 0
    ? { kind: "found", addresses }
    : { kind: "no address", says: "it has neither an A nor an AAAA record" };
}

function nameOf(code: number): string {
  return CODES.get(code) ?? `RCODE ${code}`;
}
