/** Where a registry may be: hosts of Amazon ECR, addresses that nobody is to be led to, and what an operator allows. */
import fc from "fast-check";
import { parseEcrHost } from "../../../lib/registry/ecr-host.ts";
import { checkAddress, parseOrigins } from "../../../lib/registry/endpoint.ts";
import { isAddress, isLocalAddress } from "../../../lib/registry/local-address.ts";
import { parseMirrors } from "../../../lib/registry/source.ts";
import { damaged, letters, near } from "../near.ts";
import { HUSH, read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const SUFFIXES = ["amazonaws.com", "amazonaws.com.cn", "on.aws", "amazonaws.eu", "sc2s.sgov.gov"];
const ecr = fc.record({
  account: letters("0123456789", 12, 12),
  service: fc.constantFrom("dkr.ecr", "dkr-ecr", "dkr.ecr-fips", "dkr-ecr-fips"),
  region: fc.constantFrom("eu-west-1", "us-gov-west-1", "cn-north-1", "us-isob-east-1"),
  suffix: fc.constantFrom(...SUFFIXES),
});

export const ecrHosts = target({
  name: "ecr-host",
  inputs: near(
    ["123456789012", ".dkr.ecr.", ".dkr-ecr.", "-fips", ".", "eu-west-1", ...SUFFIXES],
    ecr.map(({ account, service, region, suffix }) => [account, service, region, suffix].join(".")),
  ),
  check(host) {
    const parsed = parseEcrHost(host);
    if (parsed === undefined) return "another host";
    const { region, fips } = parsed;
    const forms = ["dkr.ecr", "dkr-ecr"].flatMap((service) =>
      SUFFIXES_OF_ECR.map((suffix) => `.${service}${fips ? "-fips" : ""}.${region}.${suffix}`),
    );
    if (!/^\d{12}/.test(host) || !forms.includes(host.slice(12)))
      throw new Error(`taken for ECR in ${region}`);
    return fips ? "ECR by FIPS" : "ECR";
  },
});

const SUFFIXES_OF_ECR = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "amazonaws.eu",
  "on.aws",
  "on.amazonwebservices.com.cn",
  "sc2s.sgov.gov",
  "c2s.ic.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov",
];

/** IPv4 by its number; the ranges that nobody may be led to. */
const LOCAL: readonly (readonly [number, number])[] = [
  [0x7f000000, 8],
  [0, 8],
  [0xa9fe0000, 16],
];
const isLocalNumber = (address: number) =>
  LOCAL.some(([from, bits]) => address >>> (32 - bits) === from >>> (32 - bits));

const number32 = fc.oneof(
  fc.nat({ max: 0xffffffff }),
  fc.constantFrom(0x7f000001, 0xa9fea9fe, 0, 0x7fffffff, 0xa9feffff, 0x0a000001, 0x80000000, 0xa9ff0000),
);
const bytesOf = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
/** Every way to write an IPv4 address that a URL takes. */
const asHost = (address: number, form: number): string => {
  const [a = 0, b = 0, c = 0, d = 0] = bytesOf(address);
  const forms = [
    `${a}.${b}.${c}.${d}`,
    `${address}`,
    `0x${address.toString(16)}`,
    `0${address.toString(8)}`,
    `${a}.${(address & 0xffffff) >>> 0}`,
    `${a}.${b}.${address & 0xffff}`,
    `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
    `${a}.${b}.${c}.${d}.`,
    `[::ffff:${a}.${b}.${c}.${d}]`,
    `[64:ff9b::${a}.${b}.${c}.${d}]`,
    `[::${a}.${b}.${c}.${d}]`,
    `[0:0:0:0:0:FFFF:${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}]`,
  ];
  return forms[form % forms.length] ?? "";
};

export const localAddresses = target({
  name: "local-address",
  inputs: fc.record({ address: number32, form: fc.nat({ max: 11 }) }),
  check({ address, form }) {
    const host = asHost(address, form);
    const { hostname } = new URL(`https://${host}/`);
    // As an older form of IPv4 within IPv6 it is no place of a registry, whatever it is.
    const isRefused = isLocalNumber(address) || (host.startsWith("[") && !host.startsWith("[64:"));
    const settings = { trustedOrigins: new Set<string>() };
    const reading = read(() => checkAddress(`https://${host}/v2/`, settings));
    if (reading.ok === isRefused) throw new Error(`${host} is ${reading.ok ? "asked" : "refused"}`);
    const bare = hostname.replace(/^\[|\]$|\.$/g, "");
    if (!isAddress(hostname) || isLocalAddress(bare) !== isRefused)
      throw new Error(`${hostname} is taken for another`);
    return `${isRefused ? "refused" : "asked"} in form ${form}`;
  },
});

const ORIGINS = [
  "http://",
  "https://",
  "registry.local",
  ":5000",
  ",",
  " ",
  "/v2",
  "docker.io=",
  "=",
  `//u:${HUSH}@`,
  "?a=b",
  "#c",
  "[::1]",
  "127.0.0.1",
];

export const origins = target({
  name: "registry-settings",
  inputs: damaged(
    fc.constantFrom(
      "http://registry.local:5000",
      "docker.io=https://mirror.example.com/v2/hub, quay.io=http://registry.local:5000",
    ),
    ORIGINS,
  ),
  check(text) {
    // Elsewhere than in front of a host it is none.
    const told = (message: string) => (text.includes(`//u:${HUSH}@`) ? message : "");
    const trusted = read(() => parseOrigins(text), told);
    if (trusted.ok) {
      for (const origin of trusted.value)
        if (new URL(origin).origin !== origin) throw new Error(`${origin} is no origin`);
    }
    const mirrors = read(() => parseMirrors(text, new Set(["http://registry.local:5000"])), told);
    if (!mirrors.ok) return trusted.ok ? "origins" : reasonOf(mirrors);
    for (const root of [...mirrors.value.values()].flat()) {
      const { protocol, origin, pathname, username } = new URL(root);
      const isTrusted = protocol === "https:" || origin === "http://registry.local:5000";
      if (!isTrusted || username !== "" || !pathname.split("/").includes("v2"))
        throw new Error(`${root} is no mirror`);
    }
    return `${mirrors.value.size} mirrors`;
  },
});
