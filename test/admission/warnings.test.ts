/** What whoever creates a Pod is told, and how much of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const warningsOf = async (annotations: Record<string, string>) =>
  (await mutate(world, podWith({}, { annotations }))).warnings;

describe("an annotation that begins like ours and is none is told, with the nearest that there is:", () => {
  test.each([
    ["aws-secret-nam", ": aws-secret-name?"],
    ["aws_region", ": aws-region?"],
    ["piggy-container", ": piggy-containers?"],
    ["Standalone", ": standalone?"],
    ["debugged", ": debug?"],
    ["debugging", ""],
    ["piggy-registry-origins", ""],
    ["constructor", ""],
    ["", ""],
  ])("%s%s", async (name, hint) => {
    const annotation = `piggysec.com/${name}`;
    expect(await warningsOf({ [annotation]: "x" })).toEqual([
      `piggy: no setting of a Pod's is called "${annotation}"${hint}`,
    ]);
  });

  test("although it is all that the Pod has of ours", async () => {
    const annotations = { "piggysec.com/aws-secret-nmae": "x" };
    const { allowed, patch, warnings } = await mutate(world, podWith({}, { metadata: { annotations } }));
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
    expect(warnings).toEqual([expect.stringContaining("aws-secret-name?")]);
  });

  test("and one that is not ours is not", async () => {
    expect(await warningsOf({ "piggysec.com.example/x": "y", "example.com/aws-regio": "z" })).toEqual([]);
  });
});

test("TLS that is not verified is told in one line", async () => {
  const [warning = "", ...others] = await warningsOf({ "piggysec.com/piggy-skip-verify-tls": "true" });
  expect(others).toEqual([]);
  expect(warning).toStartWith("piggy: piggysec.com/piggy-skip-verify-tls: ");
  expect(warning.length).toBeLessThanOrEqual(120);
});

describe("the API server hands on 4096 characters:", () => {
  test("of many warnings the first are told, and how many there are more", async () => {
    const livenessProbe = { exec: { command: ["sh", "-c", "echo $PASSWORD"] } };
    const containers = Array.from({ length: 40 }, (_, index) =>
      containerWith({ name: `c${index}${"x".repeat(400)}`, livenessProbe }),
    );
    const { warnings } = await mutate(world, podWith({}, { spec: { containers } }));
    expect(warnings).toHaveLength(16);
    expect(warnings.at(-1)).toBe("piggy: and 25 more warnings");
    expect(warnings.join("").length).toBeLessThanOrEqual(4096);
    expect(warnings[0]).toEndWith("x…");
  });

  test("of many unknown annotations some are told, at once", async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => [
      `piggysec.com/${"y".repeat(60)}${index}`,
      "",
    ]);
    expect(await warningsOf(Object.fromEntries(names))).toHaveLength(8);
  });
});
