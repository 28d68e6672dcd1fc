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

describe("an annotation that does nothing is told, with the reason:", () => {
  const path = { "aws-ssm-parameter-path": "/shop" };
  test.each<[string, Record<string, string>, string]>([
    ["piggy-address", { standalone: "true", "piggy-address": "https://p" }, "a standalone container"],
    [
      "piggy-skip-verify-tls",
      { standalone: "true", "piggy-skip-verify-tls": "true" },
      "a standalone container",
    ],
    [
      "piggy-enforce-integrity",
      { standalone: "true", "piggy-enforce-integrity": "0" },
      "a standalone container",
    ],
    ["aws-secret-name", path, "aws-ssm-parameter-path says"],
    [
      "aws-secret-version",
      { ...path, "aws-secret-name": "", "aws-secret-version": "x" },
      "aws-ssm-parameter-path says",
    ],
    ["piggy-default-secret-name-prefix", { "piggy-default-secret-name-prefix": "a" }, "is named"],
    ["piggy-default-secret-name-suffix", { "piggy-default-secret-name-suffix": "a" }, "is named"],
    ["image-pull-secret-namespace", { "image-pull-secret-namespace": "a" }, "no image-pull-secret"],
    [
      "piggy-deadline",
      { "piggy-deadline": "1s", "piggy-number-of-retry": "1" },
      "piggy-number-of-retry says",
    ],
    [
      "piggy-registry-origins",
      { "piggy-registry-origins": "a" },
      "PIGGY_REGISTRY_ORIGINS is set on piggy-webhooks",
    ],
    ["listen-address", { "listen-address": "a" }, "LISTEN_ADDRESS is set on piggy-webhooks"],
  ])("%s of %j", async (name, settings, reason) => {
    const annotations = Object.entries(settings).map(([setting, value]) => [
      `piggysec.com/${setting}`,
      value,
    ]);
    expect(await warningsOf(Object.fromEntries(annotations))).toEqual([
      expect.stringMatching(new RegExp(`^piggy: piggysec.com/${name}: without effect, .*${reason}`)),
    ]);
  });

  test("those of one reason in one line", async () => {
    const of = ["aws-ssm-parameter-path", "aws-secret-name", "aws-secret-version"];
    const annotations = Object.fromEntries(of.map((name) => [`piggysec.com/${name}`, "/shop"]));
    expect(await warningsOf(annotations)).toEqual([
      expect.stringContaining(
        "piggysec.com/aws-secret-name, piggysec.com/aws-secret-version: without effect",
      ),
    ]);
  });

  test("each that a Pod has which is not looked at", async () => {
    const annotations = { "piggysec.com/aws-region": "eu-west-1", "piggysec.com/piggy-uid": "{}" };
    const { allowed, patch, warnings } = await mutate(world, podWith({}, { metadata: { annotations } }));
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
    expect(warnings).toEqual([
      "piggy: piggysec.com/aws-region: without effect, the Pod has neither aws-secret-name nor " +
        "aws-ssm-parameter-path nor piggy-address",
    ]);
  });

  test("not what does something", async () => {
    const settings = {
      "aws-secret-name": "",
      "piggy-default-secret-name-prefix": "a",
      "image-pull-secret": "b",
      "image-pull-secret-namespace": "c",
      "piggy-deadline": "1s",
      "aws-secret-version": "AWSPREVIOUS",
      "piggy-enforce-integrity": "true",
      "piggy-address": "https://piggy-webhooks.piggy-webhooks.svc",
    };
    const annotations = Object.entries(settings).map(([name, value]) => [`piggysec.com/${name}`, value]);
    expect(await warningsOf(Object.fromEntries(annotations))).toEqual([]);
  });
});

test.each(["true", "false"])("a deprecated annotation is told, whatever it says: %s", async (value) => {
  const name = "piggysec.com/piggy-psp-allow-privilege-escalation";
  expect(await warningsOf({ [name]: value })).toEqual([
    expect.stringMatching(new RegExp(`^piggy: ${name}: deprecated, PodSecurityPolicy is gone`)),
  ]);
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
