/** What a line of a replica's log means for a soak run. */
import { expect, test } from "bun:test";
import { meaningOf } from "../../soak/replica-log.ts";

const expected = {
  marker: "6d61726b6572",
  isOurs: (namespace: string, pod: string) => namespace === "soak" && pod === "ours",
};
const decided = (fields: object) =>
  JSON.stringify({ message: "secret decision", namespace: "soak", pod: "ours", ...fields });

test.each([
  ["an allowed answer to a Pod of the stream", decided({ decision: "allowed" }), "allowed"],
  ["a denial", decided({ decision: "denied", code: "aws_throttled" }), "denied: aws_throttled"],
  ["another line", '{"level":"info","message":"listening"}', "listening"],
  ["no JSON", "panic", "not JSON"],
])("%s is counted", (_, line, counts) => {
  expect(meaningOf(line, expected)).toEqual({ counts });
});

test.each([
  [
    "an allowed answer to another Pod",
    decided({ decision: "allowed", pod: "other" }),
    "stranger in the audit",
  ],
  [
    "an allowed answer in another namespace",
    decided({ decision: "allowed", namespace: "else" }),
    "stranger in the audit",
  ],
  ["a value", '{"message":"read 6d61726b6572-key-1"}', "value in a log"],
  [
    "a token that has expired by the replica's clock",
    decided({ decision: "denied", code: "not_allowed", reason: "the token has expired" }),
    "wrongly denied",
  ],
] as const)("%s is a violation", (_, line, kind) => {
  expect(meaningOf(line, expected).finding?.kind).toBe(kind);
});
