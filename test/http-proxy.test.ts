import { describe, expect, test } from "bun:test";
import { httpProxyOf } from "../lib/http-proxy.ts";

const AWS = new URL("https://secretsmanager.eu-west-1.amazonaws.com/");
const PROXY = "http://proxy.example:3128";
const of = (environment: Readonly<Record<string, string>>, url = AWS) => httpProxyOf(url, environment);

describe("the proxy of an address is", () => {
  test.each([
    ["the one for https", { HTTPS_PROXY: PROXY, HTTP_PROXY: "http://other" }, PROXY],
    ["the one in lower case, before the other", { https_proxy: PROXY, HTTPS_PROXY: "http://other" }, PROXY],
    ["http where it names no scheme", { HTTPS_PROXY: "proxy.example:3128" }, PROXY],
    ["none for http", { HTTP_PROXY: PROXY }, undefined],
    ["none where it is empty", { HTTPS_PROXY: "" }, undefined],
  ])("%s", (_what, environment, expected) => {
    expect(of(environment)).toBe(expected);
  });

  test("the one for http, for plain HTTP", () => {
    expect(of({ HTTP_PROXY: PROXY, HTTPS_PROXY: "http://other" }, new URL("http://aws.example"))).toBe(PROXY);
  });
});

describe("NO_PROXY", () => {
  test.each([
    ["*", true],
    ["amazonaws.com", true],
    [".amazonaws.com", true],
    ["*.amazonaws.com", true],
    ["other.example, amazonaws.com", true],
    ["SECRETSMANAGER.eu-west-1.amazonaws.com", true],
    ["amazonaws.com:443", true],
    ["amazonaws.com:8443", false],
    ["zonaws.com", false],
    ["eu-west-1", false],
    ["", false],
  ])("%j excepts it: %p", (noProxy, isExcepted) => {
    expect(of({ HTTPS_PROXY: PROXY, NO_PROXY: noProxy })).toBe(isExcepted ? undefined : PROXY);
  });

  test("takes addresses, IPv6 ones too", () => {
    const local = (url: string, no_proxy: string) => of({ HTTPS_PROXY: PROXY, no_proxy }, new URL(url));
    expect(local("https://127.0.0.1:8443", "127.0.0.1")).toBeUndefined();
    expect(local("https://[::1]:8443", "::1")).toBeUndefined();
    expect(local("https://[::1]:8443", "[::1]:443")).toBe(PROXY);
    expect(local("https://[::1]:8443", "[::1]")).toBeUndefined();
  });
});
