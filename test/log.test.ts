import { describe, expect, test } from "bun:test";
import { jsonLog } from "../lib/log.ts";

function lines(debug: boolean, write: (log: ReturnType<typeof jsonLog>) => void): string[] {
  const written: string[] = [];
  write(jsonLog((line) => written.push(line), debug));
  return written;
}

describe("the log", () => {
  test("is one line of JSON for an event, with level, time and message", () => {
    const [line = ""] = lines(false, (log) => log("warn", "denied\nin two lines", { code: "name_taken" }));
    expect(line).toEndWith("}\n");
    expect(line.trimEnd()).not.toContain("\n");
    const event = JSON.parse(line);
    expect(event).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
      message: "denied\nin two lines",
      code: "name_taken",
    });
    expect(Math.abs(Date.parse(event.time) - Date.now())).toBeLessThan(10_000);
  });

  test("leaves debug events out unless asked for", () => {
    const write = (log: ReturnType<typeof jsonLog>) => {
      log("debug", "a detail");
      log("info", "an event");
    };
    expect(lines(false, write)).toHaveLength(1);
    expect(lines(true, write)).toHaveLength(2);
  });
});
