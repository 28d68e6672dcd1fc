/** Image names. */
import fc from "fast-check";
import { isDigest, parseImageName, registryHost } from "../../../lib/registry/image-name.ts";
import { near } from "../near.ts";
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
