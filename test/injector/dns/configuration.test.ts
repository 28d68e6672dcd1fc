/** What is made of /etc/resolv.conf and /etc/hosts. */
import { describe, expect, test } from "bun:test";
import { familyOf } from "../../../lib/injector/dns/address.ts";
import { addressesInHosts } from "../../../lib/injector/dns/hosts.ts";
import { candidateNames } from "../../../lib/injector/dns/names.ts";
import { parseResolvConf } from "../../../lib/injector/dns/resolv-conf.ts";
import names from "../../vectors/dns-names.json";
import resolvConfs from "../../vectors/resolv-confs.json";

const DEFAULTS = { nameservers: ["127.0.0.1", "::1"], search: [], ndots: 1, timeoutMs: 5_000, attempts: 2 };

describe("resolv.conf of", () => {
  test.each(resolvConfs)("$what", ({ text, reads }) => {
    expect(parseResolvConf(text)).toEqual({ ...DEFAULTS, ...reads });
  });
});

describe("a name is tried as", () => {
  test.each(names)("$what", ({ name, search, ndots, candidates }) => {
    expect(candidateNames(name, { search, ndots })).toEqual(candidates);
  });
});

describe("/etc/hosts", () => {
  const hosts = [
    "# 10.0.0.9 commented",
    "127.0.0.1\tlocalhost localhost.localdomain",
    "::1 localhost # loopback",
    "10.0.0.1 App.test. app",
    "10.0.0.2 app",
    "app.test 10.0.0.3",
    "10.0.0.4",
  ].join("\n");

  test.each([
    ["localhost", ["127.0.0.1", "::1"]],
    ["LOCALHOST", ["127.0.0.1", "::1"]],
    ["app", ["10.0.0.1", "10.0.0.2"]],
    ["app.test", ["10.0.0.1"]],
    ["app.test.", ["10.0.0.1"]],
    ["commented", []],
    ["loopback", []],
    ["10.0.0.3", []],
    ["absent", []],
    ["", []],
  ])("%p is at %p", (name, addresses) => {
    expect(addressesInHosts(hosts, name)).toEqual(addresses);
  });
});

describe("an address", () => {
  test.each(["0.0.0.0", "10.96.0.10", "255.255.255.255"])("%s is of IPv4", (text) => {
    expect(familyOf(text)).toBe(4);
  });
  test.each(["::", "::1", "2001:DB8::1", "::ffff:10.0.0.1", "fe80::1%eth0"])("%s is of IPv6", (text) => {
    expect(familyOf(text)).toBe(6);
  });
  test.each([
    "",
    "256.0.0.1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.4.",
    "a.b",
    "a:b",
    "[::1]",
    "::1]/@x[",
    "1::2::3",
    "::1:",
    "01.2.3.4",
    "10.0.0.010",
    "%eth0",
  ])("%p is none", (text) => {
    expect(familyOf(text)).toBeUndefined();
  });
});
