/** The injector's settings: the variables that the webhook wrote, over its own flags. */
import { parseBoolean } from "../boolean.ts";
import { type DnsTransport, parseDnsTransport } from "../dns-transport.ts";
import { parseDuration } from "../duration.ts";

export interface InjectorSettings {
  readonly debug: boolean;
  readonly standalone: boolean;
  readonly ignoreNoEnv: boolean;
  readonly skipVerifyTls: boolean;
  /** What names are looked up over; undefined for the C library to decide. */
  readonly dnsTransport: DnsTransport | undefined;
  readonly initialDelayMs: number;
  /** Undefined when nobody said how often. */
  readonly retries: number | undefined;
  readonly deadlineMs: number;
  /** One sentence for each value that could not be read. */
  readonly warnings: readonly string[];
}

export interface Flags {
  readonly standalone: boolean;
  readonly retry: string | undefined;
  readonly initialDelay: string | undefined;
}

export function readInjectorSettings(own: ReadonlyMap<string, string>, flags: Flags): InjectorSettings {
  const warnings: string[] = [];
  const read = <T>(
    variable: string,
    flag: string | undefined,
    parse: (text: string) => T | undefined,
    otherwise: T,
  ): T => {
    const text = own.get(variable) || flag;
    if (!text) return otherwise;
    const value = parse(text);
    if (value === undefined) {
      const instead = otherwise === undefined ? "ignored" : `taken as ${otherwise}`;
      warnings.push(`${variable}: cannot read ${JSON.stringify(text)}, ${instead}`);
    }
    return value ?? otherwise;
  };
  const isSet = (variable: string, otherwise = false) => read(variable, undefined, parseBoolean, otherwise);
  return {
    debug: isSet("PIGGY_DEBUG"),
    standalone: isSet("PIGGY_STANDALONE", flags.standalone),
    ignoreNoEnv: isSet("PIGGY_IGNORE_NO_ENV"),
    skipVerifyTls: isSet("PIGGY_SKIP_VERIFY_TLS"),
    dnsTransport: read("PIGGY_DNS_RESOLVER", undefined, parseDnsTransport, undefined),
    initialDelayMs: read("PIGGY_INITIAL_DELAY", flags.initialDelay, parseDelay, 0),
    retries:
      own.get("PIGGY_NUMBER_OF_RETRY") || flags.retry
        ? read("PIGGY_NUMBER_OF_RETRY", flags.retry, parseCount, 0)
        : undefined,
    deadlineMs: read("PIGGY_DEADLINE", undefined, parseDelay, 60_000),
    warnings,
  };
}

function parseDelay(text: string): number | undefined {
  const delay = parseDuration(text);
  return delay !== undefined && delay >= 0 ? delay : undefined;
}

function parseCount(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
