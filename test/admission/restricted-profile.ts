/**
 * The "restricted" Pod Security Standard, baseline included, judged from rules that are data. EACH in a field is every
 * container of every kind. Source: Kubernetes documentation, "Pod Security Standards".
 */
import profile from "../vectors/restricted-profile.json";

interface Rule {
  readonly name: string;
  readonly fields: readonly string[];
  /** null: the field may be absent. */
  readonly allowed?: readonly unknown[];
  readonly forbidden?: readonly unknown[];
  /** What a list must hold. */
  readonly holds?: string;
  /** The keys that an object may have. */
  readonly keys?: readonly string[];
  /** The field that counts where the other is absent. */
  readonly otherwise?: string;
}

const rules: readonly Rule[] = profile.rules;
const EACH = ["spec.containers[*]", "spec.initContainers[*]", "spec.ephemeralContainers[*]"];

/** The names of the rules that the Pod breaks. */
export function brokenRules(pod: unknown): readonly string[] {
  return rules.filter((rule) => !meets(rule, pod)).map(({ name }) => name);
}

function meets(rule: Rule, pod: unknown): boolean {
  const paths = rule.fields.flatMap((field) =>
    field.startsWith("EACH") ? EACH.map((each) => field.replace("EACH", each)) : [field],
  );
  const values = paths.flatMap((path) => valuesAt(pod, path.split(".")));
  return values.every((value) => isGood(rule, value ?? instead(rule, pod)));
}

function instead({ otherwise }: Rule, pod: unknown): unknown {
  return otherwise === undefined ? null : (valuesAt(pod, otherwise.split("."))[0] ?? null);
}

function isGood({ allowed, forbidden, holds, keys }: Rule, value: unknown): boolean {
  if (allowed !== undefined) return allowed.includes(value);
  if (forbidden !== undefined) return !forbidden.includes(value);
  if (holds !== undefined) return Array.isArray(value) && value.includes(holds);
  return Object.entries(Object(value)).every(([key, set]) => set === null || keys?.includes(key));
}

/** Every value at the path; one that is absent is undefined, an absent list has none. */
function valuesAt(value: unknown, [first, ...rest]: readonly string[]): readonly unknown[] {
  if (first === undefined) return [value];
  const inner: unknown = Object(value)[first.replace("[*]", "")];
  if (!first.endsWith("[*]")) return valuesAt(inner, rest);
  const entries: readonly unknown[] = Array.isArray(inner) ? inner : [];
  return entries.flatMap((entry) => valuesAt(entry, rest));
}
