/** Text after text of one part again and again: whatever the part, it is read in time that grows with the length alone. */
import fc from "fast-check";
import { parseIni } from "../../../lib/aws/credentials/ini.ts";
import { certificatesIn } from "../../../lib/certificates/authority.ts";
import { parseDuration } from "../../../lib/duration.ts";
import { escapeForKubelet, expand, mentionedNames } from "../../../lib/expansion.ts";
import { parseAnswer } from "../../../lib/http-answer.ts";
import { httpProxyOf } from "../../../lib/http-proxy.ts";
import { addressesInHosts } from "../../../lib/injector/dns/hosts.ts";
import { parseResolvConf } from "../../../lib/injector/dns/resolv-conf.ts";
import { withoutBallast } from "../../../lib/kubernetes/pod-text.ts";
import { isResourceQuantity } from "../../../lib/quantity.ts";
import { oneLine, quote } from "../../../lib/quotation.ts";
import { parseStoreEntry } from "../../../lib/reference/store-entry.ts";
import { parseValue } from "../../../lib/reference/value.ts";
import { parseChallenges } from "../../../lib/registry/challenge.ts";
import { parseDockerConfig } from "../../../lib/registry/credentials.ts";
import { parseEcrHost } from "../../../lib/registry/ecr-host.ts";
import { parseImageName } from "../../../lib/registry/image-name.ts";
import { parseRetryAfter } from "../../../lib/registry/retry-after.ts";
import { parseSecretRequest } from "../../../lib/secrets/request.ts";
import { parseSecretPatterns } from "../../../lib/secrets/secret-pattern.ts";
import { growthOf, STEEPEST_LINE } from "../../support/growth.ts";
import { target } from "../target.ts";

const READERS = {
  answer: (text: string) => parseAnswer(Buffer.from(`HTTP/1.1 200 OK\r\n${text}`, "latin1"), true),
  "chunked answer": (text: string) =>
    parseAnswer(Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text}`, "latin1"), true),
  challenge: (text: string) => parseChallenges(text),
  certificates: (text: string) => certificatesIn(text),
  duration: (text: string) => parseDuration(text),
  "docker config": (text: string) => parseDockerConfig(new Map([[".dockerconfigjson", text]])),
  "ECR host": (text: string) => parseEcrHost(text),
  expansion: (text: string) => expand(escapeForKubelet(text), () => undefined) + mentionedNames(text),
  hosts: (text: string) => addressesInHosts(text, "db"),
  image: (text: string) => parseImageName(text),
  ini: (text: string) => parseIni(text),
  "no proxy": (text: string) =>
    httpProxyOf(new URL("http://db/"), { HTTP_PROXY: "http://p", NO_PROXY: text }),
  "Pod's text": (text: string) => withoutBallast(text),
  quantity: (text: string) => isResourceQuantity(text),
  quotation: (text: string) => oneLine(text, 200, 20) + quote(text, 200),
  "resolv.conf": (text: string) => parseResolvConf(text),
  "retry-after": (text: string) => parseRetryAfter(text, 0),
  "secret pattern": (text: string) => parseSecretPatterns(text, "PATTERNS"),
  "secret request": (text: string) => parseSecretRequest("a", text),
  "store entry": (text: string) => parseStoreEntry(`//sm/${text}`),
  value: (text: string) => parseValue(text),
} as const satisfies Readonly<Record<string, (text: string) => unknown>>;

const PARTS = [
  "a",
  "A",
  "0",
  " ",
  "\t",
  "\n",
  "\r\n",
  ".",
  ",",
  ":",
  "=",
  "-",
  "_",
  "/",
  "@",
  '"',
  "\\",
  "'",
  ";",
  "#",
  "[",
  "]",
  "{",
  "}",
  "(",
  ")",
  "$",
  "%",
  "*",
  "?",
  "a=",
  'a="',
  "a:",
  "${piggy:",
  "$(",
  "**",
  "{namespace}",
  "::",
  "//",
  "-----BEGIN CERTIFICATE-----",
  '{"a":',
  ',"managedFields":[',
  "1h",
  "a.",
  "\r\n ",
] as const;

const names = Object.keys(READERS).filter((name): name is keyof typeof READERS => name in READERS);
/** A square of it takes a second, and what is no square next to nothing. */
const LENGTH = 60_000;
const part = fc
  .array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(""));
const end = fc.constantFrom("", ...PARTS);

export const growth = target({
  name: "growth",
  inputs: fc.record({ reader: fc.constantFrom(...names), before: end, part, end }),
  check({ reader, before, part: repeated, end: last }) {
    const steepness = growthOf((length) => {
      READERS[reader](before + repeated.repeat(length / repeated.length) + last);
    }, LENGTH);
    if (steepness >= STEEPEST_LINE)
      throw new Error(`sixteen times the length takes ${steepness.toFixed(0)} times as long`);
    return reader;
  },
});
