/**
 * Which variables of a Pod's containers would reach an application with a reference as text, by what another
 * implementation of the kubelet's expansion and the injector's own reading make of them.
 */
import { textOf as asText, bytesOf } from "../../lib/injector/bytes.ts";
import { parseEnvironment } from "../../lib/injector/environment.ts";
import { readMentions } from "../../lib/injector/mentions.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Part } from "../../lib/reference/value.ts";
import { expand } from "../fakes/kubelet/expansion.ts";

const list = (value: JsonValue | undefined) => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const field = (value: JsonValue | undefined, name: string) => (isJsonObject(value) ? value[name] : undefined);

/** What the kubelet makes of the container's own variables; the later of two wins. */
function handedOver({ env }: JsonObject): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, value, valueFrom } of list(env)) {
    const known = typeof value === "string" ? expand(value, (other) => values.get(other)) : "";
    // What it takes from elsewhere is not looked up here.
    if (isJsonObject(valueFrom) && Object.keys(valueFrom).length > 0) values.delete(String(name));
    else values.set(String(name), known);
  }
  return values;
}

/** The texts that the injector leaves as they are, by variable; none where it refuses to start the application. */
function leftBy(values: ReadonlyMap<string, string>): readonly (readonly [string, readonly string[]])[] {
  const environment = parseEnvironment([...values].map(([name, value]) => bytesOf(`${name}=${value}`)));
  try {
    const variables =
      environment.marked.size === 0 ? environment.variables : readMentions(environment, false);
    return variables.map(({ name, entry, parts }) => {
      const all: readonly Part[] = parts ?? [entry.slice(entry.indexOf("=") + 1)];
      return [name, all.flatMap((part) => (typeof part === "string" ? [asText(part)] : []))] as const;
    });
  } catch {
    return [];
  }
}

/**
 * The names of containers and variables that would have a reference as text. What was `$${piggy:` is text on purpose.
 * @param hasText whether `piggy:` may stand within other text, where it is none
 */
export function literalsIn(pod: JsonValue, hasText = false): readonly string[] {
  const spec = field(pod, "spec");
  const containers = [...list(field(spec, "initContainers")), ...list(field(spec, "containers"))];
  return containers.flatMap((container) => {
    const argv = [container["command"], container["args"]].flatMap((part) =>
      Array.isArray(part) ? part : [],
    );
    const isWrapped = argv.includes("/piggy/piggy-env");
    const values = handedOver(container);
    const texts = isWrapped ? leftBy(values) : [...values].map(([name, value]) => [name, [value]] as const);
    const anywhere = isWrapped ? /(?<!\$\{)piggy:/i : /piggy:/i;
    const isLiteral = hasText ? /^piggy:/i : anywhere;
    return texts
      .filter(([, all]) => all.some((text) => isLiteral.test(text)))
      .map(([name]) => `${String(container["name"])}: ${name}`);
  });
}

/** Whether the Pod asks for anything. */
export function asksForSecrets(pod: JsonValue): boolean {
  const annotations = field(field(pod, "metadata"), "annotations");
  return typeof field(annotations, "piggysec.com/aws-secret-name") === "string";
}
