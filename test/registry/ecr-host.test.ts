import { describe, expect, test } from "bun:test";
import { parseEcrHost } from "../../lib/registry/ecr-host.ts";
import hosts from "../vectors/ecr-hosts.json";

describe("a registry's host", () => {
  test.each(hosts.filter(({ region }) => region !== undefined))("of ECR: $host", ({ host, region, fips }) => {
    expect<unknown>(parseEcrHost(host)).toEqual({ region, fips });
  });

  test.each(hosts.filter(({ region }) => region === undefined))("not of ECR: $host", ({ host }) => {
    expect(parseEcrHost(host)).toBeUndefined();
  });
});
