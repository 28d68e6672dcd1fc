/** `piggy-webhooks check`: whether a cluster's Pods get to it, and it is where they are told. */
import { connect, type Destination } from "../connection.ts";
import { asPiggyError, messageOf, PiggyError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { parseCommandLine } from "./command-line.ts";
import { askingPod, type Injected, injectedOf } from "./pod.ts";

/** What the command needs of the world. */
export interface CheckWorld {
  /**
   * Has the API server do with a Pod all that it does before it would store it.
   * @throws PiggyError with what it said when that went wrong
   */
  readonly createDryRun: (namespace: string, pod: JsonObject, signal: AbortSignal) => Promise<JsonObject>;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

const EXIT = { well: 0, broken: 1, unusable: 2 } as const;

/** Longer than the API server waits for a webhook. */
const ASK_MS = 40_000;
const CONNECT_MS = 10_000;

/** @param args what follows `check` */
export async function runCheck(args: readonly string[], world: CheckWorld): Promise<number> {
  try {
    const { namespace, ...wanted } = parseCommandLine(args);
    const signal = AbortSignal.timeout(ASK_MS);
    const injected = injectedOf(await world.createDryRun(namespace, askingPod(wanted), signal));
    world.say(`ok: a Pod of ${namespace} that asks for secrets gets its injector by ${injected.delivery}`);
    if (injected.webhook !== undefined) {
      await askHealth(injected.webhook);
      const how = injected.webhook.isVerified ? ", and proves who it is" : ", unverified as its setting says";
      world.say(`ok: ${injected.webhook.url.origin} answers where such a Pod asks${how}`);
    }
    return EXIT.well;
  } catch (error) {
    const { code, message } = asPiggyError(error, "kubernetes_error");
    world.complain(`piggy-webhooks check: ${code}: ${message}`);
    return code === "usage" ? EXIT.unusable : EXIT.broken;
  }
}

type Webhook = NonNullable<Injected["webhook"]>;

/** As an injector connects: by the Service's address where it is told one, and by the certificate's name. */
async function askHealth({ url, service, ca, isVerified }: Webhook): Promise<void> {
  const signal = AbortSignal.timeout(CONNECT_MS);
  const named = new URL(service === undefined ? url : `${url.protocol}//${service}`);
  const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, "");
  const isTls = url.protocol === "https:";
  const destination: Destination = {
    hostname: bare(named.hostname),
    port: Number(named.port) || (isTls ? 443 : 80),
    tls: isTls ? { ca, serverName: bare(url.hostname), verify: isVerified } : undefined,
  };
  try {
    const connection = await connect(destination, signal);
    const { status } = await connection.exchange(
      `GET /healthz HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`,
      signal,
    );
    connection.close();
    if (status !== 200) throw new Error(`it answers /healthz with ${status}`);
  } catch (cause) {
    const isUntrusted = cause instanceof PiggyError && cause.code === "peer_untrusted";
    throw new PiggyError(
      isUntrusted ? "webhook_untrusted" : "webhook_unreachable",
      `piggy-webhooks at ${url.origin}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
