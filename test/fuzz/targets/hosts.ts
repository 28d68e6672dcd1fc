/** What machines say of names and addresses: resolv.conf, hosts, NO_PROXY, LISTEN_ADDRESS. */

import { isIP } from "node:net";
import fc from "fast-check";
import { certificateNames } from "../../../lib/certificates/names.ts";
import { parseAddress } from "../../../lib/http/listener.ts";
import { httpProxyOf } from "../../../lib/http-proxy.ts";
import { familyOf } from "../../../lib/injector/dns/address.ts";
import { addressesInHosts } from "../../../lib/injector/dns/hosts.ts";
import { candidateNames } from "../../../lib/injector/dns/names.ts";
import { parseResolvConf } from "../../../lib/injector/dns/resolv-conf.ts";
import { near, words } from "../near.ts";
import { read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const RESOLV = [
  "nameserver ",
  "10.96.0.10",
  "::1",
  "fe80::1%eth0",
  "search ",
  "svc.cluster.local",
  "domain ",
  "options ",
  "ndots:5",
  "timeout:1",
  "attempts:99",
  "\n",
  " ",
  "\t",
  "#",
  ";",
  "ndots:",
  ".",
];

export const resolvConfs = target({
  name: "resolv-conf",
  inputs: fc.record({ text: words(RESOLV, 16), name: words(["a", ".", "svc", "shop"], 4) }),
  check({ text, name }) {
    const { nameservers, search, ndots, timeoutMs, attempts } = parseResolvConf(text);
    if (
      nameservers.length < 1 ||
      nameservers.length > 3 ||
      nameservers.some((each) => familyOf(each) === undefined)
    )
      throw new Error("a server is none");
    if (ndots < 0 || ndots > 15 || timeoutMs < 1_000 || timeoutMs > 30_000 || attempts < 1 || attempts > 5)
      throw new Error("a limit is beyond glibc's");
    const names = candidateNames(name, { search, ndots });
    if (names.some((each) => each === "" || each.endsWith(".") || each.length > 253))
      throw new Error("a name is none");
    return `${nameservers.length} servers, ${Math.min(search.length, 2)} domains, ${Math.min(names.length, 2)} names`;
  },
});

const ADDRESS = [
  "1",
  "255",
  "256",
  ".",
  ":",
  "::",
  "ffff",
  "0",
  "01",
  "%eth0",
  "1.2.3.4",
  "[",
  "]",
  "fe80",
  "x",
];

export const addresses = target({
  name: "address",
  inputs: fc.record({ address: words(ADDRESS, 10), name: fc.constantFrom("db", "DB.", "db.shop") }),
  check({ address, name }) {
    const family = familyOf(address);
    const known = isIP(address);
    // A URL takes fewer zones than node:net, and we take those that are names of interfaces.
    const isZoned = address.includes("%");
    if (!isZoned && (family ?? 0) !== known)
      throw new Error(`it is of ${family}, and for node:net of ${known}`);
    const found = addressesInHosts(`# ${address} db\n${address}\tdb  db.shop # x\n\n`, name);
    if (found.length > 0 !== (family !== undefined && !/[\s#]/.test(address)) && !/[\s#]/.test(address))
      throw new Error(`hosts has ${found}`);
    return family === undefined ? "a name" : `of IPv${family}${isZoned ? " with a zone" : ""}`;
  },
});

const NO_PROXY = [
  "example.com",
  ".example.com",
  "*.example.com",
  "*",
  ",",
  " ",
  ":443",
  ":80",
  "10.0.0.1",
  "[::1]",
  "::1",
  "EXAMPLE.COM",
  "ample.com",
  "a.",
];

export const proxies = target({
  name: "no-proxy",
  inputs: fc.record({
    noProxy: words(NO_PROXY),
    address: fc.constantFrom(
      "https://example.com/",
      "https://a.example.com:8443/",
      "http://10.0.0.1/",
      "https://[::1]/",
    ),
  }),
  check({ noProxy, address }) {
    const url = new URL(address);
    const proxy = httpProxyOf(url, {
      HTTP_PROXY: "http://proxy:3128",
      https_proxy: "proxy:3128",
      NO_PROXY: noProxy,
    });
    if (proxy !== undefined && proxy !== "http://proxy:3128") throw new Error(`the proxy is ${proxy}`);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const entries = noProxy.toLowerCase().split(/[\s,]+/);
    if (proxy === undefined && !entries.some((each) => each === "*" || /[.:a-z0-9]/.test(each)))
      throw new Error("nothing excepts it");
    if (proxy !== undefined && (entries.includes(host) || entries.includes("*")))
      throw new Error("it is excepted");
    return proxy === undefined ? "directly" : "by the proxy";
  },
});

export const listenAddresses = target({
  name: "listen-address",
  inputs: near(
    [":", "8080", "0", "65535", "65536", "[::]", "[::1]", "127.0.0.1", "localhost", "[", "]", "/"],
    fc.constantFrom(":8080", "127.0.0.1:9090", "[::1]:8443"),
  ),
  check(text) {
    const names = read(() => certificateNames({ service: "a", namespace: "b", further: text }));
    const reading = read(() => parseAddress(text));
    if (names.ok && names.value.some((name) => !/^[a-z0-9*.-]+$/i.test(name)))
      throw new Error("a name is none of DNS");
    if (!reading.ok) return names.ok ? "names" : reasonOf(reading);
    const { host, port } = reading.value;
    if (port < 0 || port > 65_535 || /[[\]/]/.test(host)) throw new Error(`it is ${host} and ${port}`);
    return host === "" ? "everywhere" : "at a host";
  },
});
