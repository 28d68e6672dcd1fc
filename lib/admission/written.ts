/**
 * How much is written into a Pod. A small one may come to much: thousands of containers, each with all that the
 * injector is told. It is counted as they are rewritten, so that no more is built than could be stored.
 */
import { PiggyError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import type { Container } from "../pod.ts";

/**
 * In characters. No Pod is stored with so many: etcd takes requests of 1.5 MiB unless it is told otherwise, and its
 * client, in the API server, sends none above 2 MiB. Source: etcd, "System limits"; its client v3, MaxCallSendMsgSize.
 */
const LONGEST_WRITTEN = 2 * 1024 * 1024;

/** What is new in a container. */
export interface Written {
  readonly args: readonly string[];
  readonly env: readonly JsonObject[];
}

/** Takes one container of a Pod after the other. @throws PiggyError `injection_impossible` */
export type CountWritten = (container: Container, written: Written) => void;

export function countWritten(): CountWritten {
  let length = 0;
  return (container, { args, env }) => {
    for (const argument of args) length += argument.length;
    for (const [index, entry] of env.entries()) {
      if (entry !== container.env[index]?.json) length += lengthOf(entry["name"]) + lengthOf(entry["value"]);
    }
    if (length > LONGEST_WRITTEN) throw tooLong(container);
  };
}

function lengthOf(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}

function tooLong({ name }: Container): PiggyError {
  return new PiggyError(
    "injection_impossible",
    `with container ${JSON.stringify(name)} what is written into the Pod comes to more than 2 MiB, which no API server ` +
      "could store: use fewer containers with references, or shorter values, annotations and arguments in them",
  );
}
