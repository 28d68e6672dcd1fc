/** PEM: what somebody may have put into our Secret, and into caBundle. */
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { certificatesIn, endOf, format, isDue, parse, trustOf } from "../../../lib/certificates/authority.ts";
import { withTrust } from "../../../lib/certificates/bundle.ts";
import authorities from "../authorities.json";
import { damaged } from "../near.ts";
import { HUSH, read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

/** The key is that of ours and of the one that has ended: whatever is refused is so for another reason. */
const { ours: OURS, others: OTHERS, ended: ENDED, key: KEY } = authorities;
const NOW = Date.UTC(2026, 10, 28);

const GRAMMAR = [
  "-----BEGIN CERTIFICATE-----",
  "-----END CERTIFICATE-----",
  "-----",
  "\n",
  "MIIB",
  "=",
  "-----BEGIN PRIVATE KEY-----\n",
  HUSH,
];
/** Stand for the certificates: what is kept is to be short. */
const PLACES = ["{ours}", "{others}", "{ended}", "{key}"];
const fill = (text: string) =>
  text
    .replaceAll("{ours}", OURS)
    .replaceAll("{others}", OTHERS)
    .replaceAll("{ended}", ENDED)
    .replaceAll("{key}", KEY);
const bundle = damaged(
  fc.array(fc.constantFrom(...PLACES, "\n", "# a comment\n"), { maxLength: 4 }).map((all) => all.join("")),
  [...GRAMMAR, ...PLACES],
);

/** A certificate damaged in its midst. */
function withDamage({
  text,
  cut,
  length,
  put,
}: {
  readonly text: string;
  readonly cut: number;
  readonly length: number;
  readonly put: string;
}): string {
  const whole = fill(text);
  const at = cut % (whole.length + 1);
  return length === 0 && put === "" ? whole : whole.slice(0, at) + put + whole.slice(at + length);
}
const input = fc.record({
  text: bundle,
  cut: fc.nat({ max: 4_000 }),
  length: fc.oneof(fc.constant(0), fc.nat({ max: 90 })),
  put: fc.constantFrom("", "", "A", "\n", "-", "é"),
});

function fingerprint(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}

export const bundles = target({
  name: "ca-bundle",
  inputs: input,
  check(given) {
    const text = withDamage(given);
    const present = certificatesIn(text);
    const reading = read(() => withTrust(text, OURS, NOW));
    if (!reading.ok) throw new Error(`it is refused: ${reading.message}`);
    const { value } = reading;
    if (value === undefined) {
      if (!present.includes(OURS) && given.cut === 0)
        throw new Error("ours is not there, and nothing is to be done");
      return "as it is";
    }
    if (!value.startsWith(OURS)) throw new Error("ours is not in it");
    if (withTrust(value, OURS, NOW) !== undefined) throw new Error("put in, it is not seen there");
    const kept = certificatesIn(value);
    if (kept.join("") !== value) throw new Error("it holds more than certificates");
    if (kept.some((cert) => endOf(cert).getTime() <= NOW)) throw new Error("it holds one that has ended");
    // One that is written otherwise, with a line more, is the same.
    const known = new Set(kept.map(fingerprint));
    if (present.some((cert) => !known.has(fingerprint(cert)) && endOf(cert).getTime() > NOW))
      throw new Error("one of somebody else's is gone");
    return `${Math.min(kept.length, 3)} in it`;
  },
});

const stored = fc.record({
  cert: input,
  key: fc.oneof(fc.constant("{key}"), bundle),
  previous: fc.option(input, { nil: undefined }),
});

export const storedAuthorities = target({
  name: "ca-secret",
  inputs: stored,
  check({ cert, key, previous }) {
    const data = {
      "ca.crt": withDamage(cert),
      "ca.key": fill(key),
      ...(previous === undefined ? {} : { "previous-ca.crt": withDamage(previous) }),
    };
    const reading = read(() => parse(data, NOW));
    if (!reading.ok) {
      if (reading.message.includes("-----")) throw new Error("a message has what was secret");
      return reasonOf(reading);
    }
    if (!Bun.deepEquals(parse(format(reading.value), NOW), reading.value))
      throw new Error("written anew it is another");
    for (const pem of certificatesIn(trustOf(reading.value))) isDue(pem, NOW);
    isDue(reading.value.cert, NOW);
    return previous === undefined ? "a CA" : "a CA and the one before";
  },
});
