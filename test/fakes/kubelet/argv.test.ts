import { describe, expect, test } from "bun:test";
import { containerArgv } from "./argv.ts";

describe("argv", () => {
  const image = { entrypoint: ["/entry", "$(A)"], cmd: ["cmd", "$(A)"] };
  test.each<[string, { command?: string[]; args?: string[] }, string[]]>([
    ["is the image's, not expanded", {}, ["/entry", "$(A)", "cmd", "$(A)"]],
    ["has args in the place of CMD", { args: ["$(A)"] }, ["/entry", "$(A)", "1"]],
    ["has command in the place of ENTRYPOINT and CMD", { command: ["run", "$(A)"] }, ["run", "1"]],
    [
      "has command and args in the place of both",
      { command: ["run"], args: ["$(A)", "$$(A)"] },
      ["run", "1", "$(A)"],
    ],
    [
      "counts an empty command and empty args as absent",
      { command: [], args: [] },
      ["/entry", "$(A)", "cmd", "$(A)"],
    ],
  ])("%s", (_, commands, expected) => {
    expect(containerArgv(commands, image, new Map([["A", "1"]]))).toEqual(expected);
  });
});
