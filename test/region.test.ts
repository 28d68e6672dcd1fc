import { describe, expect, test } from "bun:test";
import { isRegion } from "../lib/region.ts";
import regions from "./vectors/regions.json";

describe("an AWS region", () => {
  test.each(regions.valid)("%j can be one", (text) => expect(isRegion(text)).toBe(true));
  test.each(regions.invalid)("%j never goes into a host name", (text) => expect(isRegion(text)).toBe(false));
});
