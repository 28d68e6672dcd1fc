/** The HTTP under every call to AWS, so that a transport can be exchanged, and a test can stand in for an address. */
import { messageOf, PiggyError } from "../error.ts";

export interface SendInit {
  readonly method: "GET" | "POST" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** `false`: connect directly, whatever HTTP_PROXY and HTTPS_PROXY say. */
  readonly proxy?: false;
}

export interface Received {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The whole body, as UTF-8. */
  readonly body: string;
}

/**
 * One request and its whole answer, of whatever status; a redirect is an answer and is never followed. Rejects, with
 * any error, when there is no answer or the signal is aborted.
 */
export type Send = (url: URL, init: SendInit) => Promise<Received>;

/**
 * What is sent and comes back.
 * @param where it is sent, as in "STS at HOST"
 * @throws PiggyError `aws_untrusted`, `aws_unavailable` when there is no answer
 */
export async function receive(send: Send, url: URL, init: SendInit, where: string): Promise<Received> {
  try {
    return await send(url, init);
  } catch (error) {
    const what = init.signal.aborted ? "no answer in time" : messageOf(error);
    throw new PiggyError(faultOf(error), `${where}: ${what}`, { cause: error });
  }
}

/**
 * A certificate that is not accepted stays so, anything else may pass. A transport says so by a PiggyError of the code
 * `peer_untrusted`.
 */
function faultOf(error: unknown): "aws_untrusted" | "aws_unavailable" {
  return error instanceof PiggyError && error.code === "peer_untrusted" ? "aws_untrusted" : "aws_unavailable";
}

export const sendByFetch: Send = async (url, init) => {
  const response = await fetch(url, { ...init, redirect: "manual" });
  return { status: response.status, headers: response.headers, body: await response.text() };
};
