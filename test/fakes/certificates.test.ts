import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "./certificates";

let authority: CertificateAuthority;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  authority = await createCertificateAuthority();
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

describe("an issued certificate", () => {
  test.each([
    { host: "localhost", names: ["localhost"] },
    { host: "127.0.0.1", names: ["127.0.0.1"] },
    { host: "127.0.0.1", names: ["piggy.default.svc", "127.0.0.1"] },
  ])("for $names is accepted at $host by a client that trusts its authority", async ({ host, names }) => {
    const port = serve(await authority.issue({ names }));
    const response = await get(host, port, authority.pem);
    expect(await response.text()).toBe("hello");
  });

  test("is refused by a client that trusts another authority of the same name", async () => {
    const port = serve(await authority.issue({ names: ["localhost"] }));
    const other = await createCertificateAuthority();
    expect(await failure(get("localhost", port, other.pem))).toMatch(/CERT|SIGNATURE/);
  });

  test("is refused under a name it does not carry", async () => {
    const port = serve(await authority.issue({ names: ["elsewhere.test", "127.0.0.2"] }));
    expect(await failure(get("localhost", port, authority.pem))).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await failure(get("127.0.0.1", port, authority.pem))).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  });

  test("is refused after its last day", async () => {
    const expired = await authority.issue({
      names: ["localhost"],
      notBefore: new Date(Date.now() - 120_000),
      notAfter: new Date(Date.now() - 60_000),
    });
    expect(await failure(get("localhost", serve(expired), authority.pem))).toBe("CERT_HAS_EXPIRED");
  });

  test("is refused before its first day", async () => {
    const early = await authority.issue({
      names: ["localhost"],
      notBefore: new Date(Date.now() + 3_600_000),
    });
    expect(await failure(get("localhost", serve(early), authority.pem))).toBe("CERT_NOT_YET_VALID");
  });

  test("has a key of its own, in PKCS#8", async () => {
    const first = await authority.issue({ names: ["localhost"] });
    const second = await authority.issue({ names: ["localhost"] });
    expect(first.key).toStartWith("-----BEGIN PRIVATE KEY-----");
    expect(first.cert).toStartWith("-----BEGIN CERTIFICATE-----");
    expect(first.key).not.toBe(second.key);
  });
});

function serve(tls: IssuedCertificate): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: () => new Response("hello") });
  stops.push(() => server.stop(true));
  const { port } = server;
  if (port === undefined) throw new Error("the server has no port");
  return port;
}

function get(host: string, port: number, ca: string): Promise<Response> {
  return fetch(`https://${host}:${port}/`, { tls: { ca }, keepalive: false });
}

async function failure(response: Promise<Response>): Promise<string> {
  try {
    await response;
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  return "accepted";
}
