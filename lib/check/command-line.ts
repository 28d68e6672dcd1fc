/** `check`'s own command line. */
import { parseArgs } from "node:util";
import { messageOf, PiggyError } from "../error.ts";

export interface CheckOptions {
  /** Where the Pod is asked for: one whose Pods are sent to piggy-webhooks. */
  readonly namespace: string;
  /** Of the Pod; it is not pulled. */
  readonly image: string;
  /** Which the webhook configuration may select by. */
  readonly labels: Readonly<Record<string, string>>;
}

const USAGE = "usage: piggy-webhooks check --image IMAGE [--namespace NAME] [--label NAME=VALUE]…";

/**
 * @param args what follows `check`
 * @throws PiggyError `usage`
 */
export function parseCommandLine(args: readonly string[]): CheckOptions {
  const { namespace = "default", image, label = [] } = parse(args);
  if (image === undefined) throw usage("no image is named");
  return { namespace, image, labels: Object.fromEntries(label.map(parseLabel)) };
}

function parse(args: readonly string[]) {
  try {
    const options = {
      namespace: { type: "string" },
      image: { type: "string" },
      label: { type: "string", multiple: true },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw usage(messageOf(cause), cause);
  }
}

function parseLabel(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw usage(`--label ${text} is no NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

const usage = (what: string, cause?: unknown) => new PiggyError("usage", `${what}; ${USAGE}`, { cause });
