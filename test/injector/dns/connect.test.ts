/** Which of a name's addresses piggy-env connects to, and whom it believes there. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type CertificateAuthority, createCertificateAuthority } from "../../fakes/certificates.ts";
import { type DnsRecord, zone } from "../../fakes/dns.ts";
import { noMounts } from "../../launcher/enclosed.ts";
import { type StubWebhook, startStubWebhook } from "../stub-webhook.ts";
import { type DnsWorld, faultOf, NAME, STARTED, startDnsWorld, VALUE } from "./world.ts";

const HERE: DnsRecord = { type: "A", data: "127.0.0.1" };
/** No server of the tests is at 127.53.0.x. */
const nowhere = (last: number): DnsRecord => ({ type: "A", data: `127.53.0.${last}` });

let world: DnsWorld;
let authority: CertificateAuthority;
const stubs: StubWebhook[] = [];
beforeAll(async () => {
  world = await startDnsWorld();
  authority = await createCertificateAuthority("test-ca");
});
afterEach(async () => {
  world.clear();
  await Promise.all(stubs.splice(0).map((stub) => stub.stop()));
});
afterAll(() => world.stop());

/** Starts with a name that has these records. */
async function startAt(records: readonly DnsRecord[], environment: Readonly<Record<string, string>> = {}) {
  const server = await world.dns(zone({ [NAME]: records }));
  return world.start({ resolvConf: [server], environment });
}

/** A webhook on 127.0.0.1 whose certificate is for this name, and what leads a container to it. */
async function tlsWebhook(name: string) {
  const tls = await authority.issue({ names: [name] });
  const stub = startStubWebhook({ tls, answer: () => Response.json({ KEY: VALUE }) });
  stubs.push(stub);
  return {
    port: stub.port,
    environment: { PIGGY_ADDRESS: `https://${NAME}:${stub.port}`, PIGGY_CA: authority.pem },
  };
}

describe.skipIf(noMounts !== undefined)("a name's addresses", () => {
  test("are tried in turn when one refuses, those of the other family too", async () => {
    // Nobody listens at the first; the second is this machine's own loopback as IPv6 has it.
    const mapped: DnsRecord = { type: "AAAA", data: "0:0:0:0:0:ffff:7f00:1" };
    expect(await startAt([nowhere(0), mapped])).toMatchObject(STARTED);
  });

  test.each([
    ["udp", /127\.53\.0\.0:.*::ffff:7f35:1:/],
    ["udp6", /::ffff:7f35:1:.*127\.53\.0\.0:/],
  ])("are all told of, in the order of %s, when none can be connected to", async (transport, inOrder) => {
    const mapped: DnsRecord = { type: "AAAA", data: "0:0:0:0:0:ffff:7f35:1" };
    const server = await world.dns(zone({ [NAME]: [nowhere(0), mapped] }));
    const resolvConf = `nameserver ${transport === "udp" ? "" : "::ffff:"}${server.address}`;
    const outcome = await world.start({ resolvConf, environment: { PIGGY_DNS_RESOLVER: transport } });
    expect(faultOf(outcome)).toMatchObject({
      code: "webhook_unreachable",
      message: expect.stringMatching(inOrder),
    });
  });

  test("are not all tried when there are very many", async () => {
    const many = Array.from({ length: 100 }, (_, index) => nowhere(index));
    const { message } = faultOf(await startAt(many));
    expect(message.split("127.53.0.")).toHaveLength(16 + 1);
  });

  test("are tried in turn when one says nothing", async () => {
    const { port, environment } = await tlsWebhook(NAME);
    const silent = Bun.listen({ hostname: "127.53.0.77", port, socket: { data() {} } });
    try {
      expect(await startAt([nowhere(77), HERE], environment)).toMatchObject(STARTED);
    } finally {
      silent.stop(true);
    }
  });

  test("have to be the name's by their certificate", async () => {
    const { environment } = await tlsWebhook("127.0.0.1");
    expect(faultOf(await startAt([HERE], environment))).toMatchObject({ code: "webhook_untrusted" });
  });

  test("are not tried any further when one is somebody else's", async () => {
    const { environment } = await tlsWebhook("elsewhere.piggy.test");
    expect(faultOf(await startAt([HERE, nowhere(0)], environment))).toMatchObject({
      code: "webhook_untrusted",
    });
  });
});
