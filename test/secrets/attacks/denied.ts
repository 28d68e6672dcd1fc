import { expect } from "bun:test";
import { type Answer, NOT_ALLOWED } from "../asking.ts";

/** Whoever asked learns nothing of the reason, which is for the audit line alone. */
export function expectDenied({ status, body, audit, headers }: Answer, reason: RegExp): void {
  expect([status, body, headers.get("x-piggy-unresolved")]).toEqual([403, NOT_ALLOWED, null]);
  expect(headers.get("content-type")).toStartWith("text/plain");
  expect(audit).toMatchObject({ level: "warn", decision: "denied", code: "not_allowed" });
  expect(audit?.["reason"]).toMatch(reason);
}
