import { describe, expect, test } from "bun:test";
import { expand } from "./expansion.ts";

describe("expansion of $(VAR)", () => {
  const variables = new Map([
    ["NAME", "piggy"],
    ["EMPTY", ""],
    ["REFERENCE", "$(NAME)"],
  ]);

  test.each([
    ["a reference alone", "$(NAME)", "piggy"],
    ["references in a text", "a-$(NAME)-$(NAME).b", "a-piggy-piggy.b"],
    ["an empty variable", "a$(EMPTY)b", "ab"],
    ["an undefined variable stays", "$(NONE)", "$(NONE)"],
    ["$$ escapes a reference", "$$(NAME)", "$(NAME)"],
    ["$$ is a dollar anywhere", "5$$ and $$x", "5$ and $x"],
    ["an escaped dollar before a reference", "$$$(NAME)", "$piggy"],
    ["two escaped dollars before a name in parentheses", "$$$$(NAME)", "$$(NAME)"],
    ["what a reference gives is not expanded again", "$(REFERENCE)", "$(NAME)"],
    ["the shell's own forms are literal", `$NAME \${NAME} $? $!`, `$NAME \${NAME} $? $!`],
    ["a backslash escapes nothing", "\\$(NAME)", "\\piggy"],
    ["a reference that is not closed", "$(NAME", "$(NAME"],
    ["$$ after one that is not closed", "$(NAME$$", "$(NAME$"],
    ["a name reaches to the first parenthesis", "$(NAME$(NAME))", "$(NAME$(NAME))"],
    ["$$ within a name is not an escape", "$(a$$b)", "$(a$$b)"],
    ["a dollar at the end", "$(NAME)$", "piggy$"],
    ["an empty name", "$()", "$()"],
    ["parentheses without a dollar", "(NAME)", "(NAME)"],
  ])("%s", (_, text, expected) => {
    expect(expand(text, (name) => variables.get(name))).toBe(expected);
  });
});
