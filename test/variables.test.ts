import { describe, expect, test } from "bun:test";
import { containerVariable } from "../lib/container-variable.ts";
import { isOwnVariable } from "../lib/variables.ts";
import variables from "./vectors/variables.json";

describe("Piggy's own variables", () => {
  test.each(variables.own)("%s is one", (name) => expect(isOwnVariable(name)).toBe(true));
  test.each(variables.others)("%j is the application's", (name) => expect(isOwnVariable(name)).toBe(false));
});

test("a setting's variable in a container begins with PIGGY_ once", () => {
  expect(containerVariable("aws-region")).toBe("PIGGY_AWS_REGION");
  expect(containerVariable("standalone")).toBe("PIGGY_STANDALONE");
  expect(containerVariable("piggy-address")).toBe("PIGGY_ADDRESS");
});
