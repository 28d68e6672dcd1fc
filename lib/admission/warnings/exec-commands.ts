/**
 * Commands that the runtime executes beside a container's own: exec probes and lifecycle hooks. They get the
 * environment of the container's spec, not the one that the injector made, so there a reference is text.
 * Source: Kubernetes API reference, Container v1 core, Probe and Lifecycle.
 */
import { isJsonObject, type JsonObject, own, stringsOf } from "../../json.ts";
import type { Container } from "../../pod.ts";

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"];
const HOOKS = ["postStart", "preStop"];

/** A word that a reference begins, and what a shell or the kubelet calls a variable by. Neither looks back. */
const LITERAL = /(?<![A-Za-z0-9_])piggy:[^\s"']/i;
const MENTION = /\$(?:\{[#!]?([\w.-]+?)(?=[^\w.])|\(([\w.-]+)\)|(\w+))/g;

/**
 * One sentence for a container whose exec'd commands would see a reference as text. The commands stay as they are.
 * @param holders the container's variables that hold one, wherever their values come from
 */
export function execWarnings(container: Container, holders: ReadonlySet<string>): readonly string[] {
  const commands = commandsOf(container);
  if (commands.length === 0) return [];
  const fields = commands
    .filter(([, command]) => command.some((word) => LITERAL.test(word) || mentions(word, holders)))
    .map(([name]) => name);
  if (fields.length === 0) return [];
  return [`container ${container.name}: ${fields.join(", ")} will see a reference as text, not its secret`];
}

/** The fields that execute something, and what. Most containers have none. */
function commandsOf({ json }: Container): readonly (readonly [field: string, command: readonly string[]])[] {
  const commands: (readonly [string, readonly string[]])[] = [];
  const add = (parent: JsonObject, field: string) => {
    const command = commandOf(parent, field);
    if (command.length > 0) commands.push([field, command]);
  };
  for (const field of PROBES) add(json, field);
  const lifecycle = own(json, "lifecycle");
  if (isJsonObject(lifecycle)) for (const field of HOOKS) add(lifecycle, field);
  return commands;
}

function mentions(word: string, names: ReadonlySet<string>): boolean {
  return word.matchAll(MENTION).some((match) => names.has(match[1] ?? match[2] ?? match[3] ?? ""));
}

function commandOf(parent: JsonObject, field: string): readonly string[] {
  const handler = own(parent, field);
  const exec = isJsonObject(handler) ? own(handler, "exec") : undefined;
  return isJsonObject(exec) ? stringsOf(own(exec, "command")) : [];
}
