/** What is counted of the readings of secrets. */
import { describe, expect, test } from "bun:test";
import { formatFamilies } from "../../lib/metrics/exposition.ts";
import { createReadMetrics, type ReadEvent } from "../../lib/metrics/reads.ts";
import { parseScrape } from "./scrape.ts";

function after(...events: readonly ReadEvent[]) {
  const { families, observe } = createReadMetrics();
  for (const event of events) observe(event);
  return parseScrape(formatFamilies(families));
}

const call = { kind: "call", action: "GetSecretValue", outcome: "ok", milliseconds: 30, tried: 1 } as const;

describe("a reading is counted by what it was answered from", () => {
  test.each<[ReadEvent & { readonly kind: "read" }, { readonly from: string; readonly code: string }]>([
    [
      { kind: "read", from: "kept" },
      { from: "kept", code: "" },
    ],
    [
      { kind: "read", from: "call" },
      { from: "call", code: "" },
    ],
    [
      { kind: "read", from: "stale", code: "aws_throttled" },
      { from: "stale", code: "aws_throttled" },
    ],
    [
      { kind: "read", from: "failed", code: "aws_access_denied" },
      { from: "failed", code: "aws_access_denied" },
    ],
  ])("%j", (event, labels) => {
    const { value } = after(event, event);
    expect(value("piggy_reads_total", labels)).toBe(2);
    expect(value("piggy_reads_total")).toBe(2);
  });
});

test("a call to AWS is counted by its API and its end, and timed", () => {
  const { value } = after(call, { ...call, outcome: "aws_throttled" }, { ...call, action: "GetParameter" });
  const secrets = { api: "GetSecretValue" };
  expect(value("piggy_aws_requests_total", { ...secrets, outcome: "ok" })).toBe(1);
  expect(value("piggy_aws_requests_total", { ...secrets, outcome: "aws_throttled" })).toBe(1);
  expect(value("piggy_aws_requests_total", { api: "GetParameter", outcome: "ok" })).toBe(1);
  expect(value("piggy_aws_request_duration_seconds_sum", secrets)).toBeCloseTo(0.06);
  expect(value("piggy_aws_request_duration_seconds_bucket", { ...secrets, le: "0.025" })).toBe(0);
  expect(value("piggy_aws_request_duration_seconds_bucket", { ...secrets, le: "0.05" })).toBe(2);
  expect(value("piggy_aws_retries_total")).toBe(0);
});

test("one that is made again is counted as that too", () => {
  const { value } = after(
    { ...call, outcome: "aws_throttled" },
    { ...call, tried: 2 },
    { ...call, tried: 3 },
  );
  expect(value("piggy_aws_retries_total", { api: "GetSecretValue" })).toBe(2);
  expect(value("piggy_aws_requests_total")).toBe(3);
});

test("one whose name is not known is another", () => {
  const { samples, value } = after({ ...call, action: "Evil" }, { ...call, action: "constructor" });
  expect(value("piggy_aws_requests_total", { api: "other" })).toBe(2);
  expect(JSON.stringify(samples)).not.toContain("Evil");
});

test("what is dropped and what is turned away", () => {
  const { value } = after(
    { kind: "dropped", code: "secret_not_found" },
    { kind: "refused", queue: "aws" },
    { kind: "refused", queue: "pod" },
  );
  expect(value("piggy_cache_drops_total", { code: "secret_not_found" })).toBe(1);
  expect(value("piggy_queue_refusals_total", { queue: "aws" })).toBe(1);
  expect(value("piggy_queue_refusals_total", { queue: "tokenReview" })).toBe(0);
  expect(value("piggy_queue_refusals_total")).toBe(2);
});
