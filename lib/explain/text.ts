/** An explanation as a person reads it. */
import { formatReference, isStoreEntry } from "../reference/reference.ts";
import { formatYaml } from "../yaml.ts";
import type { CommandAccount, ContainerAccount, StoreAccount } from "./container.ts";
import { diffHunks, type Line } from "./line-diff.ts";
import type { PodExplanation } from "./pod.ts";
import type { ReferenceAccount } from "./variables.ts";

export type Paint = "green" | "red" | "yellow" | "cyan" | "bold";

const CODES: Readonly<Record<Paint, string>> = {
  green: "32",
  red: "31",
  yellow: "33",
  cyan: "36",
  bold: "1",
};

/** How a line is painted for a terminal; without colour it is the text alone. */
export type Painter = (text: string, paint?: Paint) => string;

export function painter(isColoured: boolean): Painter {
  return (text, paint) => {
    const shown = printable(text);
    return isColoured && paint !== undefined ? `\x1b[${CODES[paint]}m${shown}\x1b[0m` : shown;
  };
}

/** A manifest may come from anybody: what would move a terminal's cursor is shown, not done. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

export function formatExplanation(explanation: PodExplanation, paint: Painter): string {
  const { source, kind, namespace, name, allowed, message, containers, warnings, notes, unknown } =
    explanation;
  const wrapped = containers.filter(({ action }) => action === "wrap").length;
  const verdict = allowed ? `admitted, ${wrapped} of ${containers.length} containers wrapped` : "DENIED";
  const lines = [
    paint(`${kind} ${namespace}/${name} (${source}): ${verdict}`, allowed ? "bold" : "red"),
    ...(message === null ? [] : [paint(`  ${message}`, "red")]),
    ...notes.map((note) => paint(`  note: ${note}`)),
    ...containers.flatMap((container) => containerLines(container).map((line) => paint(line))),
    ...deliveryLines(explanation).map((line) => paint(line)),
    ...warnings.map((warning) => paint(`  warning: ${warning}`, "yellow")),
    ...unknown.map((what) => paint(`  not known: ${what}`, "yellow")),
    ...diffOf(explanation, paint),
  ];
  return `${lines.join("\n")}\n`;
}

const ACTIONS: Readonly<Record<ContainerAccount["action"], string>> = {
  wrap: "wrapped",
  unwrap: "unwrapped",
  leave: "left as it is",
  undecided: "not decided",
};

function containerLines(container: ContainerAccount): readonly string[] {
  const { name, kind, action, reason, references, store, command } = container;
  return [
    `  ${kind} ${name}: ${ACTIONS[action]}: ${reason}`,
    ...references.map((reference) => `    ${referenceLine(reference)}`),
    ...(store === null ? [] : [`    from ${storeLine(store)}`]),
    ...(command === null ? [] : [`    runs ${commandLine(command)}`]),
  ];
}

function referenceLine({ variable, keys, from }: ReferenceAccount): string {
  const named = keys.map((key) => (isStoreEntry(key) ? formatReference({ key }) : `key ${key}`));
  const what = keys.length === 0 ? "an escaped ${piggy: that becomes text" : named.join(", ");
  return `${variable}: ${what}${from === "env" ? "" : `, by ${from}`}`;
}

function storeLine({ service, name, version, region, mode }: StoreAccount): string {
  const what = service === "Parameter Store" ? `parameters below ${name}` : `secret ${name}`;
  const parts = [
    `${service}, ${what}`,
    ...(version === null ? [] : [`version ${version}`]),
    region === null ? "in the region of whoever asks" : `region ${region}`,
    mode === "proxy" ? "asked through piggy-webhooks" : "asked by the container itself",
  ];
  return parts.join(", ");
}

function commandLine({ from, argv }: CommandAccount): string {
  if (argv === null) return "what its image says, which was not looked up";
  const source = {
    command: "its command and args",
    image: "looked up in its image",
    "an earlier admission": "as an earlier admission found it",
    "image, not looked up": "",
  }[from];
  return `${JSON.stringify(argv)}, ${source}`;
}

function deliveryLines({ allowed, containers, pod }: PodExplanation): readonly string[] {
  if (!allowed || !containers.some(({ action }) => action === "wrap")) return [];
  const isImage = JSON.stringify(pod["spec"] ?? null).includes('{"name":"piggy-env","image":');
  return [`  delivery: ${isImage ? "image volume piggy-env" : "init container install-piggy-env"}`];
}

const PAINT: Readonly<Record<Line["kind"], readonly [sign: string, paint?: Paint]>> = {
  kept: [" "],
  removed: ["-", "red"],
  added: ["+", "green"],
};

function diffOf({ before, pod, patch }: PodExplanation, paint: Painter): readonly string[] {
  if (patch.length === 0) return [];
  const hunks = diffHunks(linesOf(before), linesOf(pod));
  return [
    paint("--- the Pod as it came"),
    paint("+++ the Pod as it would be stored"),
    ...hunks.flatMap(({ before: from, after: to, lines }) => {
      const count = (kind: Line["kind"]) => lines.filter((line) => line.kind !== kind).length;
      const head = `@@ -${from},${count("added")} +${to},${count("removed")} @@`;
      return [
        paint(head, "cyan"),
        ...lines.map(({ kind, text }) => {
          const [sign, colour] = PAINT[kind];
          return paint(sign + text, colour);
        }),
      ];
    }),
  ];
}

function linesOf(pod: PodExplanation["pod"]): readonly string[] {
  return formatYaml(pod).trimEnd().split("\n");
}
