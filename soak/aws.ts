/** AWS as a run has it: secrets that change all the while, and times in which it does not answer as it should. */
import type { AwsFake, Disturbance } from "../test/fakes/aws.ts";
import { REGION } from "../test/support/world.ts";
import { contentsOf, ENTRY, SECRET, valuesOf } from "./pods.ts";
import type { Disturbed, Truth, Version } from "./truth.ts";

export interface ChangingAws {
  /** Is in every value, and nowhere else. */
  readonly marker: string;
  readonly truth: Truth;
  /** Resolves when the time is over. */
  disturb(kind: "throttle" | "AWS down", seconds: number): Promise<void>;
  stop(): void;
}

/** The replicas keep what AWS said for so long; what it holds changes somewhat more often. */
export const TTL_MS = 10_000;
const CHANGES_EVERY_MS = 6_000;

const HOW: Readonly<Record<"throttle" | "AWS down", Disturbance>> = {
  throttle: { every: 3, answer: { status: 400, code: "ThrottlingException", message: "Rate exceeded" } },
  "AWS down": { answer: { status: 503, code: "ServiceUnavailable", message: "Service Unavailable" } },
};

export function startChanging(aws: AwsFake): ChangingAws {
  const marker = crypto.randomUUID().replaceAll("-", "");
  const versions: Version[] = [];
  const disturbed: Disturbed[] = [];
  const change = () => {
    const serial = versions.length + 1;
    const contents = contentsOf(marker, serial);
    // Before: whoever asks meanwhile has the new one.
    versions.push({ serial, from: Date.now(), values: valuesOf(contents) });
    aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify(contents.secret) });
    aws.putSecret({ region: REGION, name: ENTRY, value: JSON.stringify(contents.entry) });
  };
  change();
  const timer = setInterval(change, CHANGES_EVERY_MS);
  return {
    marker,
    truth: { versions, disturbed, ttlMs: TTL_MS },
    async disturb(kind, seconds) {
      const index = disturbed.push({ from: Date.now(), until: undefined }) - 1;
      const disturbing = aws.disturb(HOW[kind]);
      await Bun.sleep(seconds * 1000);
      disturbing.end();
      disturbed[index] = { from: disturbed[index]?.from ?? 0, until: Date.now() };
    },
    stop: () => clearInterval(timer),
  };
}
