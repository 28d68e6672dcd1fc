/** What is to become of a Pod, as its file says it: by the rules that users are told, not by what the code makes of it. */
import type { Pod } from "../fakes/kubernetes/pod.ts";
import { list, number, object, type Parsed, record, string } from "../fakes/kubernetes/schema.ts";

const wrapped = object(
  {},
  {
    /** What the container runs, where its image says so. */
    argv: list(string),
    /** PIGGY_EXPAND: the elements of the argv that the kubelet would have expanded, and the names it would know. */
    expand: object({ argv: list(number), names: list(string) }, {}),
    /** What is to stand in the place of a variable's value, by name. */
    inlined: record(string),
  },
);

const FIELDS = { wrapped: record(wrapped), warnings: list(string), denied: string, refused: string };
const parseFields = object({}, FIELDS);

export interface Expectation {
  /** The containers that get the injector, by name. None: the Pod stays as it is. */
  readonly wrapped: Readonly<Record<string, Parsed<typeof wrapped>>>;
  /** A part of each warning, in order. */
  readonly warnings: readonly string[];
  /** The code that the Pod is denied with. */
  readonly denied?: string;
  /** Why an API server does not admit the Pod, whoever is in front of it. */
  readonly refused?: string;
}

/** @throws Error for a word that says nothing, which would otherwise be no expectation. */
export function parseExpectation(value: unknown, at: string): Expectation {
  const said = parseFields(value, at);
  const unknown = Object.keys(said).filter((field) => !Object.hasOwn(FIELDS, field));
  if (unknown.length > 0) throw new Error(`${at}: nothing is expected by ${unknown.join(", ")}`);
  return { ...said, wrapped: said.wrapped ?? {}, warnings: said.warnings ?? [] };
}

/** The Pod with the values that are to stand in the place of its own. */
export function withInlined(pod: Pod, { wrapped }: Expectation): Pod {
  const inline = (container: Pod["spec"]["containers"][number]) => {
    const { inlined = {} } = wrapped[container.name] ?? {};
    const env = container.env?.map((variable) =>
      variable.value !== undefined && Object.hasOwn(inlined, variable.name)
        ? { ...variable, value: inlined[variable.name] ?? "" }
        : variable,
    );
    return { ...container, ...(env && { env }) };
  };
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(initContainers && { initContainers: initContainers.map(inline) }),
      containers: containers.map(inline),
    },
  };
}
