/**
 * The time as AWS has it. A signature that is five minutes off is refused, so a machine whose clock is wrong is told the
 * time by the refusal. Source: AWS SDK for JavaScript, "systemClockOffset" and "isClockSkewError".
 */
import { objectOf, parseJson } from "../json.ts";
import { errorName } from "./failure.ts";
import type { Received } from "./send.ts";

export interface AwsClock {
  now(): Date;
  /**
   * Whether the answer refuses a signature for its time, which another may have been refused for as well meanwhile; from
   * then on `now` is AWS's.
   */
  correctBy(answer: Received, signedAt: Date): boolean;
}

/** What AWS calls it. The wrong key is an InvalidSignatureException or SignatureDoesNotMatch too, so the time decides. */
const REFUSALS: ReadonlySet<string> = new Set([
  "AuthFailure",
  "InvalidSignatureException",
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);

/** What AWS lets pass. */
const MOST_SKEW_MS = 5 * 60_000;

/** @param machine milliseconds since 1970 */
export function createAwsClock(machine: () => number = Date.now): AwsClock {
  let offset = 0;
  return {
    now: () => new Date(machine() + offset),
    correctBy({ status, headers, body }, signedAt) {
      if (status < 400 || !REFUSALS.has(errorNameIn(body, headers))) return false;
      const theirs = Date.parse(headers.get("date") ?? "");
      // It is in whole seconds, and what it says is past when it arrives: what is just at the bound is off as well.
      const isOff = Math.abs(theirs - signedAt.getTime()) >= MOST_SKEW_MS - 2_000;
      if (isOff) offset = theirs - machine();
      return isOff;
    },
  };
}

/** Of the JSON that stores answer with, or of the XML of STS. */
function errorNameIn(body: string, headers: Received["headers"]): string {
  const named = errorName(objectOf(parseJson(body)), headers);
  return named || (/<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? "");
}
