/** Image names, and what a registry's host may be. */
import fc from "fast-check";
import { parseEcrHost } from "../../../lib/registry/ecr-host.ts";
import { checkAddress, parseOrigins } from "../../../lib/registry/endpoint.ts";
import { isDigest, parseImageName, registryHost } from "../../../lib/registry/image-name.ts";
import { isAddress, isLocalAddress } from "../../../lib/registry/local-address.ts";
import { parseMirrors } from "../../../lib/registry/source.ts";
import { damaged, letters, near } from "../near.ts";
import { HUSH, read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const DOMAINS = [
  "",
  "docker.io",
  "index.docker.io",
  "registry.example.com",
  "localhost",
  "localhost:5000",
  "10.0.0.1:5000",
  "[::1]:5000",
  "UPPER",
  "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
];
const HEX = "0123456789abcdef".repeat(4);
const TAGS = ["", ":1", ":latest", ":v1.2.3-rc.1_x"];
const DIGESTS = ["", `@sha256:${HEX}`, `@sha512:${HEX}${HEX}`];
const component = fc.constantFrom("app", "team", "a__b", "a--b", "a.b-c", "0");

const name = fc.record({
  domain: fc.constantFrom(...DOMAINS),
  path: fc.array(component, { minLength: 1, maxLength: 3 }),
  tag: fc.constantFrom(...TAGS),
  digest: fc.constantFrom(...DIGESTS),
});
type Name = typeof name extends fc.Arbitrary<infer T> ? T : never;

const written = ({ domain, path, tag, digest }: Name) =>
  `${domain}${domain === "" ? "" : "/"}${path.join("/")}${tag}${digest}`;

export const imageNames = target({
  name: "image-name",
  inputs: fc
    .tuple(
      fc.constantFrom("", "", `u:${HUSH}@`, `https://u:${HUSH}@`),
      near(
        [...DOMAINS, ...TAGS, ...DIGESTS, "app", "/", ":", "@", ".", "-", "_", "https://", "library/"],
        name.map(written),
      ),
    )
    .map((parts) => parts.join("")),
  check(image) {
    // Where a digest follows it is a name and a tag.
    const isPassword = !/u:\w+@sha\d+:/.test(image);
    const reading = read(
      () => parseImageName(image),
      (message) => (isPassword ? message : ""),
    );
    // A name with a password in front of its host; what is said of it is read in Events.
    if (!reading.ok)
      return reasonOf({
        ...reading,
        message: reading.message.replace(/: .* is not a registry/s, ": _ is not a registry"),
      });
    const { domain, repository, reference } = reading.value;
    const again = parseImageName(`${domain}/${repository}${isDigest(reference) ? "@" : ":"}${reference}`);
    if (!Bun.deepEquals(again, reading.value))
      throw new Error(`written in full it is ${JSON.stringify(again)}`);
    const address = `https://${registryHost(domain)}/v2/${repository}/manifests/${reference}`;
    if (!URL.canParse(address)) return "a host that is none in an address";
    const url = new URL(address);
    if (url.pathname !== `/v2/${repository}/manifests/${reference}`)
      throw new Error(`it is asked for at ${url.pathname}`);
    if (url.username + url.password + url.search + url.hash !== "")
      throw new Error("it says more than a place");
    return isDigest(reference) ? "by digest" : "by tag";
  },
});

export const imageNameParts = target({
  name: "image-name-parts",
  inputs: name,
  check(given) {
    const parsed = parseImageName(written(given));
    // The first part of a path without a host is none of these.
    const isHub = given.domain === "" || given.domain.endsWith("docker.io");
    const path = given.path.join("/");
    // A component with a dot in front of a slash is a host.
    const [first = "", ...rest] = given.path;
    const isHost = given.domain === "" && rest.length > 0 && /[.:]/.test(first);
    const expected = {
      domain: isHost ? first : isHub ? "docker.io" : given.domain,
      repository: isHost ? rest.join("/") : isHub && given.path.length === 1 ? `library/${path}` : path,
      reference: given.digest.slice(1) || given.tag.slice(1) || "latest",
    };
    if (!Bun.deepEquals({ ...parsed }, expected))
      throw new Error(`it is ${JSON.stringify(parsed)}, and not ${JSON.stringify(expected)}`);
    return expected.domain;
  },
});

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
