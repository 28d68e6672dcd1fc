/** What a line of a Pod's log means for a run: its program's word, or the injector's last one. Pure. */
import type { Finding } from "./replica-log.ts";
import { parseSaid, type Said } from "./truth.ts";

export type PodLine =
  | { readonly kind: "said"; readonly said: Said }
  /** The container ended without its program; the kubelet starts another. */
  | { readonly kind: "gave up"; readonly code: string; readonly finding?: Finding }
  | { readonly kind: "other" };

export function readPodLine(pod: string, text: string): PodLine {
  const said = parseSaid(text);
  if (said !== undefined) return { kind: "said", said };
  const code = /^\{"level":"fatal".*?"code":"(\w+)"/.exec(text)?.[1];
  if (code === undefined) return { kind: "other" };
  const kind = FAULTS[code];
  return {
    kind: "gave up",
    code,
    ...(kind === undefined ? {} : { finding: { kind, who: pod, what: text } }),
  };
}

/** What no Pod of the stream may be told, whatever is done to the replicas. */
const FAULTS: Readonly<Record<string, Finding["kind"] | undefined>> = {
  webhook_untrusted: "certificate not valid",
  not_allowed: "wrongly denied",
  aws_credentials_refused: "wrongly denied",
};
