import { describe, expect, test } from "bun:test";
import {
  type Authority,
  changeTo,
  format,
  isDue,
  parse,
  trustOf,
  validityFrom,
} from "../../lib/certificates/authority.ts";
import { withTrust } from "../../lib/certificates/bundle.ts";
import { certificateNames } from "../../lib/certificates/names.ts";
import { crossSign, issueServer } from "../../lib/certificates/x509.ts";
import { createRsaAuthority } from "../fakes/certificates.ts";

const HOUR_MS = 60 * 60 * 1000;
const LIFETIME_MS = 300 * HOUR_MS;
const NOW = Date.parse("2026-01-01T00:00:00Z");

const THEN = NOW + 200 * HOUR_MS;

const first = (await changeTo(undefined, undefined, LIFETIME_MS, NOW)).next;
const second = (await changeTo(first, first, LIFETIME_MS, THEN)).next;
/** What the second says of the first, as nobody would have it. */
const word = await crossSign(first, second);
const rsa = await createRsaAuthority();
const server = await issueServer(first, ["piggy.ops.svc"], validityFrom(NOW, HOUR_MS));

const change = (stored: Authority | undefined, held: Authority | undefined, hours: number) =>
  changeTo(stored, held, LIFETIME_MS, NOW + hours * HOUR_MS);

describe("the CA that is to be stored", () => {
  test("is the stored one until two thirds of its life are over", async () => {
    expect((await change(first, first, 199)).next).toBe(first);
    expect(second.cert).not.toBe(first.cert);
    expect(second.previous).toBe(first.cert);
  });

  test("is the one that was held where the Secret is gone", async () => {
    expect((await change(undefined, first, 1)).next).toBe(first);
  });

  test("is followed by the next where the held one was due when the Secret went", async () => {
    expect((await change(undefined, first, 201)).next.previous).toBe(first.cert);
  });

  test("is the stored one where it follows on what was held", async () => {
    expect((await change(second, first, 201)).next).toBe(second);
  });

  test("is the one that was held where an older one stands, as a backup brings it back", async () => {
    expect(await change(first, second, 201)).toEqual({
      next: second,
      because: "an older state of it stood in its place",
    });
    expect((await change(first, undefined, 201)).next.previous).toBe(first.cert);
  });

  test("is the one that was held where the one before it is missing, until that has ended", async () => {
    const alone = { ...second, previous: undefined, crossSigned: undefined };
    expect((await change(alone, second, 299)).next).toBe(second);
    expect((await change(alone, second, 301)).next).toBe(alone);
    expect((await change(second, alone, 299)).next).toBe(second);
  });

  test("gets the word of the held one where it is neither that nor its successor", async () => {
    const other = (await change(undefined, undefined, 0)).next;
    const { next } = await change(other, first, 1);
    expect([next.cert, next.key, next.previous]).toEqual([other.cert, other.key, first.cert]);
    expect(next.crossSigned).toContain("BEGIN CERTIFICATE");
  });

  test("forgets the one before it when that has ended", async () => {
    const { next } = await change(second, second, 301);
    expect(next).toEqual({ ...second, previous: undefined, crossSigned: undefined });
  });

  test("is read from a Secret as it was written", () => {
    expect(parse(format(second), THEN)).toEqual(second);
    expect(trustOf(second)).toBe(`${second.cert}${first.cert}`);
  });

  test("is the certificate alone where something that looks like another stands beside it", () => {
    const broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const read = parse({ ...format(first), "ca.crt": broken + first.cert }, NOW);
    expect(read).toEqual(first);
    expect(isDue(read.cert, NOW)).toBe(false);
  });

  test("has its key alone where something stands around that", () => {
    const around = `what it is\n${first.key.replaceAll("\n", "\r\n")}${second.key}`;
    expect(parse({ ...format(first), "ca.key": around }, NOW)).toEqual(first);
  });

  const BROKEN_KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";

  test.each<[string, string, Record<string, string>]>([
    ["without a key", "ca.key is missing", { "ca.crt": first.cert }],
    ["with two certificates", "ca.crt is not one", { ...format(first), "ca.crt": first.cert + second.cert }],
    ["with a certificate for a key", "ca.key is not a private", { ...format(first), "ca.key": first.cert }],
    ["with half a key", "ca.key is not a private", { ...format(first), "ca.key": BROKEN_KEY }],
    ["with an RSA key", "ca.key is not an EC P-256", { "ca.crt": rsa.cert, "ca.key": rsa.key }],
    ["with another's key", "ca.key is not the key of", { ...format(first), "ca.key": second.key }],
    ["with a server's pair", "ca.crt is not a CA's", { "ca.crt": server.cert, "ca.key": server.key }],
    ["with a CA that begins later", "ca.crt is not valid yet", format(second)],
    [
      "with the word for another",
      "cross-signed.crt is not of the key",
      { ...format(second), ...format(first) },
    ],
    [
      "with the word of another",
      "cross-signed.crt is not signed by",
      { ...format(first), "cross-signed.crt": word, "previous-ca.crt": first.cert },
    ],
    [
      "with the word of nobody",
      "cross-signed.crt is not signed by",
      { ...format(first), "cross-signed.crt": word },
    ],
    ["with something else beside it", "tls.crt is not one", { ...format(first), "tls.crt": "nothing" }],
  ])("is refused from a Secret %s", (_, message, stored) => {
    expect(() => parse(stored, NOW)).toThrow(
      expect.objectContaining({ code: "certificate_invalid", message: expect.stringContaining(message) }),
    );
  });
});

describe("a caBundle", () => {
  test("that has our CAs is left", () => {
    expect(withTrust(second.cert + trustOf(first), trustOf(first), NOW)).toBeUndefined();
  });

  test("keeps what others put there while it is valid", () => {
    expect(withTrust(first.cert, second.cert, NOW + HOUR_MS)).toBe(second.cert + first.cert);
    expect(withTrust(first.cert, second.cert, NOW + 301 * HOUR_MS)).toBe(second.cert);
  });

  test("whose CAs stand in no lines of their own is written anew: the API server would find none", () => {
    const glued = first.cert.trimEnd() + second.cert;
    expect(withTrust(glued, first.cert, NOW)).toBe(first.cert + second.cert);
    expect(withTrust(`${first.cert.trimEnd()} # ours\n`, first.cert, NOW)).toBe(first.cert);
    expect(withTrust(`${first.cert.trimEnd()} \r\n`, first.cert, NOW)).toBeUndefined();
  });

  test.each([first.key, rsa.key.replaceAll("PRIVATE", "RSA PRIVATE")])(
    "with a key in it is written anew without it: everybody may read it",
    (key) => {
      expect(withTrust(first.cert + key, first.cert, NOW)).toBe(first.cert);
    },
  );

  test("that cannot be read is written anew", () => {
    expect(withTrust("nonsense", first.cert, NOW)).toBe(first.cert);
  });
});

describe("names of the certificate", () => {
  const names = (further: string) => certificateNames({ service: "piggy", namespace: "ops", further });

  test("are every form of the Service's, and the operator's once", () => {
    const own = ["piggy.ops.svc", "piggy.ops", "piggy.ops.svc.cluster.local", "piggy"];
    expect(names("")).toEqual(own);
    expect(names("piggy.example.com, piggy.ops")).toEqual([...own, "piggy.example.com"]);
  });

  test.each(["a b", "-a", "a..b", "https://a", "a,*", "*.*.a", "a:8443", "\n,ä"])(
    "are none: %p",
    (further) => {
      expect(() => names(further)).toThrow(expect.objectContaining({ code: "setting_invalid" }));
    },
  );
});
