import { describe, expect, test } from "bun:test";
import { escapeForKubelet, expand, mentionedNames, unescapeForKubelet } from "../lib/expansion.ts";
import { expand as expandAsKubelet } from "./fakes/kubelet/expansion.ts";
import { cases, variables } from "./vectors/expansions.json";

const known = new Map(Object.entries(variables));
const lookUp = (name: string) => known.get(name);

describe("expansion of $(VAR)", () => {
  test.each(cases)("$name", ({ text, expanded }) => {
    expect(expand(text, lookUp)).toBe(expanded);
  });
});

describe("the names that a text mentions", () => {
  test.each(cases)("$name", ({ text, mentions }) => {
    expect(mentionedNames(text)).toEqual(mentions);
  });
});

describe("a text escaped for the kubelet", () => {
  const texts = [...cases.map(({ text }) => text), ...textsOver(["$", "(", ")", "a"], 7)];
  /** A kubelet that knows every name, so that whatever is not escaped is seen to change. */
  const kubelet = (text: string) => expandAsKubelet(text, (name) => `<${name}>`);

  test("comes out of the kubelet as it was", () => {
    expect(texts.filter((text) => kubelet(escapeForKubelet(text)) !== text)).toEqual([]);
  });

  test("is read back", () => {
    expect(texts.filter((text) => unescapeForKubelet(escapeForKubelet(text)) !== text)).toEqual([]);
  });

  test.each(["", "plain", "$HOME", "costs 5$", `\${NAME}`, "(NAME)"])("%j needs no escape", (text) => {
    expect(escapeForKubelet(text)).toBe(text);
  });

  test.each(["$(NAME)", "a $(b", "$$x$(", "$$$"])("%j was not written by us", (text) => {
    expect(unescapeForKubelet(text)).toBeUndefined();
  });
});

/** Every text of at most so many of the letters. */
function textsOver(letters: readonly string[], longest: number): readonly string[] {
  let texts = [""];
  const all = [...texts];
  for (let length = 1; length <= longest; length += 1) {
    texts = texts.flatMap((text) => letters.map((letter) => text + letter));
    all.push(...texts);
  }
  return all;
}
