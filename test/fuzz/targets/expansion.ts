/** The kubelet's $(VAR), against another implementation of it, and texts that are written so that it leaves them alone. */
import fc from "fast-check";
import {
  asSeenInside,
  escapeForKubelet,
  expand,
  mentionedNames,
  replaceMentions,
  unescapeForKubelet,
} from "../../../lib/expansion.ts";
import { expand as asTheKubelet } from "../../fakes/kubelet/expansion.ts";
import { words } from "../near.ts";
import { target } from "../target.ts";

const GRAMMAR = [
  "$",
  "$$",
  "$(",
  "(",
  ")",
  "$(A)",
  "$(B)",
  "$(NOBODY)",
  "$$(A)",
  "$$$(A)",
  "a",
  "$()",
  "$(A",
];

export const expansion = target({
  name: "expansion",
  inputs: fc.record({ text: words(GRAMMAR), a: words(GRAMMAR, 3) }),
  check({ text, a }) {
    const known = new Map([
      ["A", a],
      ["B", "$&"],
      ["", "empty"],
    ]);
    const same = (what: string, one: string | undefined, other: string) => {
      if (one !== other) throw new Error(`${what}: ${JSON.stringify(one)}, and not ${JSON.stringify(other)}`);
    };
    const expanded = asTheKubelet(text, (name) => known.get(name));
    same(
      "expanded",
      expand(text, (name) => known.get(name)),
      expanded,
    );
    same(
      "seen inside",
      asSeenInside(text),
      asTheKubelet(text, () => undefined),
    );
    same(
      "escaped",
      asTheKubelet(escapeForKubelet(text), (name) => known.get(name)),
      text,
    );
    same("unescaped", unescapeForKubelet(escapeForKubelet(text)), text);
    const written = unescapeForKubelet(text);
    if (written !== undefined) same("escaped again", escapeForKubelet(written), text);
    const names = mentionedNames(text);
    const found: string[] = [];
    asTheKubelet(text, (name) => {
      found.push(name);
      return undefined;
    });
    same("mentioned", names.join("\n"), found.join("\n"));
    same(
      "replaced by nothing else",
      replaceMentions(text, () => undefined),
      text,
    );
    const marked = replaceMentions(text, (name) => `$(${name})`);
    same("replaced by the same", marked, text);
    if (text === expanded) return "as it is";
    return names.length > 0 ? "mentions" : "dollars";
  },
});
