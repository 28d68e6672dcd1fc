/** piggy-env with a resolv.conf and a hosts file of its own: in mounts that end with it. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DnsFake, type Respond, startDns } from "../../fakes/dns.ts";
import { inOwnMounts, removed } from "../../launcher/enclosed.ts";
import { piggyEnv } from "../../support/programs.ts";
import { type LogLine, type Outcome, onlyLine, probe } from "../piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "../stub-webhook.ts";

export const VALUE = "the-value-itself";
/** The name that the webhook has in these tests. */
export const NAME = "webhook.piggy.test";

export interface DnsWorld {
  readonly webhook: StubWebhook;
  /** A DNS server that answers so, until `clear`. */
  dns(respond: Respond): Promise<DnsFake>;
  /** Starts a container in proxy mode. */
  start(options: StartOptions): Promise<DnsOutcome>;
  clear(): void;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Lines of resolv.conf, the servers that it names, or NO_ETC. */
  readonly resolvConf: string | readonly DnsFake[];
  readonly hosts?: string;
  /** In the webhook's address. */
  readonly name?: string;
  /** In front of the command. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DnsOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In place of a resolv.conf: a root that has none, and no hosts file. */
export const NO_ETC = "no /etc";

export const STARTED = { exitCode: 0, stderr: "" } as const;

const MOUNTED = 'mount --bind "$1" /etc/resolv.conf; mount --bind "$2" /etc/hosts; shift 2; exec env -i "$@"';
const WITHOUT_ETC = 'mount -t tmpfs none /etc; shift 2; exec env -i "$@"';

export async function startDnsWorld(): Promise<DnsWorld> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-dns-"));
  const tokenFile = join(directory, "token");
  await writeFile(tokenFile, "the-token-itself");
  const webhook = startStubWebhook({ answer: () => Response.json({ KEY: VALUE }) });
  const servers: DnsFake[] = [];
  const clear = () => {
    for (const server of servers.splice(0)) server.stop();
  };
  return {
    webhook,
    clear,
    async dns(respond) {
      const server = await startDns(respond);
      servers.push(server);
      return server;
    },
    async start({ resolvConf, hosts = "", name = NAME, flags = [], environment = {} }) {
      const [resolvConfFile, hostsFile] = ["resolv.conf", "hosts"].map((file) => join(directory, file));
      await writeFile(resolvConfFile ?? "", linesOf(resolvConf));
      await writeFile(hostsFile ?? "", hosts);
      const variables = {
        A: "piggy:KEY",
        PIGGY_ADDRESS: `http://${name}:${webhook.port}`,
        PIGGY_TOKEN_FILE: tokenFile,
        PIGGY_DEADLINE: "0s",
        PIGGY_DNS_RESOLVER: "udp",
        ...environment,
      };
      const entries = Object.entries(variables).map(([variable, value]) => `${variable}=${value}`);
      const command = [...entries, await piggyEnv(), ...flags, "--", await probe()];
      const script = resolvConf === NO_ETC ? WITHOUT_ETC : MOUNTED;
      return inOwnMounts(script, [resolvConfFile ?? "", hostsFile ?? "", ...command]);
    },
    async stop() {
      clear();
      await webhook.stop();
      await removed(directory);
    },
  };
}

function linesOf(resolvConf: string | readonly DnsFake[]): string {
  if (typeof resolvConf === "string") return resolvConf;
  // Less time than glibc takes, for those that say nothing, and enough for a busy machine's.
  const options = "options timeout:3 attempts:1";
  return [...resolvConf.map(({ address }) => `nameserver ${address}`), options].join("\n");
}

/** Why it did not start. @throws Error when it did, or said more than that */
export function faultOf({ stderr }: DnsOutcome): LogLine {
  const log: Outcome["log"] = () =>
    stderr
      .split("\n")
      .slice(0, -1)
      .map((line): LogLine => JSON.parse(line));
  return onlyLine({ log, stderr });
}
