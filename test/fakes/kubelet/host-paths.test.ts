import { describe, expect, test } from "bun:test";
import { toHostEnvironment, toHostPath } from "./host-paths.ts";

describe("host paths", () => {
  const paths = new Map([
    ["/piggy", "/host/v"],
    ["/piggy/lib", "/host/lib"],
    ["/app", "/host/app"],
  ]);
  test.each([
    ["a mapped path itself", "/piggy", "/host/v"],
    ["a path below it", "/piggy/piggy-env", "/host/v/piggy-env"],
    ["the longest of two", "/piggy/lib/x", "/host/lib/x"],
    ["a trailing slash is kept", "/piggy/", "/host/v/"],
    ["a name that only begins alike", "/piggybank", "/piggybank"],
    ["a path inside a text", "file=/app/x", "file=/app/x"],
  ])("%s", (_, text, expected) => {
    expect(toHostPath(text, paths)).toBe(expected);
  });

  test("each entry of PATH, but of no other list", () => {
    const environment = new Map([
      ["PATH", "/bin:/app/bin"],
      ["LIST", "/bin:/app/bin"],
    ]);
    expect(toHostEnvironment(environment, paths)).toEqual({
      PATH: "/bin:/host/app/bin",
      LIST: "/bin:/app/bin",
    });
  });

  test("below a mapped root", () => {
    expect(toHostPath("/etc/x", new Map([["/", "/host/root"]]))).toBe("/host/root/etc/x");
  });
});
