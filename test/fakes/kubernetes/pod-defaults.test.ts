import { expect, test } from "bun:test";
import { defaultImagePullPolicy } from "./pod-defaults.ts";

test.each([
  ["app", "Always"],
  ["app:latest", "Always"],
  ["localhost:5000/app", "Always"],
  ["localhost:5000/app:1", "IfNotPresent"],
  ["app@sha256:0123", "IfNotPresent"],
  ["app:latest@sha256:0123", "Always"],
] as const)("the pull policy of %s is %s", (image, policy) => {
  expect(defaultImagePullPolicy(image)).toBe(policy);
});
