/** What is told from a connection that did not come about: the certificate, or the way. */
import { expect, test } from "bun:test";
import { isOfTheCertificate } from "../../soak/certificate-watch.ts";
import { OWN_NAMESPACE, RELEASE } from "../cluster/installation.ts";
import { servedCertificate } from "../cluster/kept-certificate.ts";
import { createCertificateAuthority, type IssueOptions } from "../fakes/certificates.ts";
import { freePort } from "../support/free-port.ts";

const NAMES = [`${RELEASE}.${OWN_NAMESPACE}.svc`];
const authority = await createCertificateAuthority();

async function connected(options: IssueOptions, ca = authority.pem) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: await authority.issue(options),
    fetch: () => new Response(),
  });
  try {
    return await servedCertificate("127.0.0.1", ca, server.port);
  } finally {
    await server.stop(true);
  }
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const hoursFromNow = (hours: number) => new Date(Date.now() + hours * 60 * 60 * 1000);

test("a certificate that is good is served from some time until another", async () => {
  const { from, until } = await connected({ names: NAMES });
  expect(from.getTime()).toBeLessThan(Date.now());
  expect(until.getTime()).toBeGreaterThan(Date.now());
});

test.each<[string, IssueOptions]>([
  ["has ended", { names: NAMES, notAfter: hoursFromNow(-1) }],
  ["is not valid yet", { names: NAMES, notBefore: hoursFromNow(1) }],
  ["has another name", { names: ["other.example.com"] }],
])("one that %s is not", async (_, options) => {
  expect(isOfTheCertificate(await failure(connected(options)))).toBe(true);
});

test("nor is one that is trusted by nobody", async () => {
  const { pem } = await createCertificateAuthority();
  expect(isOfTheCertificate(await failure(connected({ names: NAMES }, pem)))).toBe(true);
});

test("where nobody listens, nothing is said of a certificate", async () => {
  const error = await failure(servedCertificate("127.0.0.1", authority.pem, freePort()));
  expect(error).toBeDefined();
  expect(isOfTheCertificate(error)).toBe(false);
});
