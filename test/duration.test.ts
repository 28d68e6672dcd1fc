import { describe, expect, test } from "bun:test";
import { parseDuration } from "../lib/duration.ts";
import durations from "./vectors/durations.json";

describe("a Go duration", () => {
  test.each(durations.map(({ text, milliseconds }) => [text, milliseconds] as const))(
    "%j",
    (text, milliseconds) => {
      const parsed = parseDuration(text);
      if (milliseconds === null) expect(parsed).toBeUndefined();
      else expect(parsed).toBeCloseTo(milliseconds, 6);
    },
  );

  test("is whole nanoseconds, as in Go, so that it can be written again", () => {
    expect(parseDuration("0.1ns")).toBe(0);
    expect(parseDuration("1.25ns")).toBe(0.000001);
    for (const { text, milliseconds } of durations) {
      if (milliseconds === null || milliseconds < 0) continue;
      const parsed = parseDuration(text) ?? Number.NaN;
      expect(parseDuration(`${parsed}ms`)).toBe(parsed);
    }
  });
});
