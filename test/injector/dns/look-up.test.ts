/** PIGGY_DNS_RESOLVER: what is asked, over what, and what comes of it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsFake, startAws } from "../../fakes/aws.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../../fakes/certificates.ts";
import { type DnsQuestion, type DnsRecord, type Respond, SERVFAIL, zone } from "../../fakes/dns.ts";
import { parseProbe } from "../../fixtures/probe.ts";
import { noMounts } from "../../launcher/enclosed.ts";
import { type DnsWorld, faultOf, NAME, NO_ETC, STARTED, startDnsWorld, VALUE } from "./world.ts";

const HERE: DnsRecord = { type: "A", data: "127.0.0.1" };
const NOWHERE: DnsRecord = { type: "A", data: "127.53.0.0" };
const KNOWN = zone({ [NAME]: [HERE] });

let world: DnsWorld;
let authority: CertificateAuthority;
let directory: string;
let bundle: string;
beforeAll(async () => {
  world = await startDnsWorld();
  authority = await createCertificateAuthority("test-ca");
  directory = await mkdtemp(join(tmpdir(), "piggy-look-up-"));
  bundle = join(directory, "ca.pem");
  await writeFile(bundle, authority.pem);
});
afterEach(() => world.clear());
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

const over = (transport: string) => ({ PIGGY_DNS_RESOLVER: transport });
const namesOf = (questions: readonly DnsQuestion[]) => [...new Set(questions.map(({ name }) => name))];
const typesOf = (questions: readonly DnsQuestion[]) => questions.map(({ type }) => type).sort();
const protocolsOf = (questions: readonly DnsQuestion[]) => [
  ...new Set(questions.map(({ protocol }) => protocol)),
];

describe.skipIf(noMounts !== undefined)("PIGGY_DNS_RESOLVER", () => {
  test.each([
    ["udp", "udp"],
    ["udp4", "udp"],
    ["tcp", "tcp"],
    ["tcp4", "tcp"],
  ] as const)("%s asks for both families at once, and over %s alone", async (transport, protocol) => {
    const server = await world.dns(KNOWN);
    const outcome = await world.start({ resolvConf: [server], environment: over(transport) });
    expect(outcome).toMatchObject(STARTED);
    expect(parseProbe(outcome.stdout).environment).toEqual([`A=${VALUE}`]);
    expect(typesOf(server.questions)).toEqual(["A", "AAAA"]);
    expect(protocolsOf(server.questions)).toEqual([protocol]);
    // Neither the id nor the port of one tells anything of the other.
    expect(new Set(server.questions.map(({ id, port }) => `${id} ${port}`)).size).toBe(2);
    expect(new Set(server.questions.map(({ port }) => port)).size).toBe(2);
  });

  test.each(["udp6", "tcp6"])(
    "%s reaches a server at an IPv6 address, and leaves out any other",
    async (transport) => {
      const server = await world.dns(KNOWN);
      const other = await world.dns(KNOWN);
      const resolvConf = `nameserver ${other.address}\nnameserver ::ffff:${server.address}\n`;
      expect(await world.start({ resolvConf, environment: over(transport) })).toMatchObject(STARTED);
      expect(typesOf(server.questions)).toEqual(["A", "AAAA"]);
      expect(other.questions).toEqual([]);
    },
  );

  test("of a family without a nameserver is told of", async () => {
    const server = await world.dns(KNOWN);
    const { message } = faultOf(await world.start({ resolvConf: [server], environment: over("udp6") }));
    expect(message).toContain("PIGGY_DNS_RESOLVER is udp6");
    expect(message).toContain(server.address);
  });

  test.each(["carrier pigeon", "UDP"])("%p is warned of and counts for nothing", async (transport) => {
    const server = await world.dns(KNOWN);
    const hosts = `127.0.0.1 ${NAME}`;
    const outcome = await world.start({ resolvConf: [server], hosts, environment: over(transport) });
    expect(outcome.exitCode).toBe(0);
    expect(faultOf(outcome)).toMatchObject({
      level: "warn",
      message: `PIGGY_DNS_RESOLVER: cannot read ${JSON.stringify(transport)}, ignored`,
    });
  });

  test("asks for no address", async () => {
    const server = await world.dns(KNOWN);
    expect(await world.start({ resolvConf: [server], name: "127.0.0.1" })).toMatchObject(STARTED);
    expect(server.questions).toEqual([]);
  });

  test("asks for nothing that /etc/hosts has", async () => {
    const server = await world.dns(KNOWN);
    const hosts = `127.0.0.1\tother ${NAME.toUpperCase()} # here\n`;
    expect(await world.start({ resolvConf: [server], hosts })).toMatchObject(STARTED);
    expect(server.questions).toEqual([]);
  });

  test.each(["http", "https"])("is obeyed in standalone mode too, over %s", async (scheme) => {
    const tls = scheme === "https" ? { tls: await authority.issue({ names: ["aws.piggy.test"] }) } : {};
    const aws: AwsFake = await startAws(tls);
    try {
      aws.addUser({ accessKeyId: "AKIADNS0000000000000", secretAccessKey: "dns" });
      aws.putSecret({ region: "eu-west-1", name: "app", value: JSON.stringify({ KEY: VALUE }) });
      const server = await world.dns(zone({ "aws.piggy.test": [HERE] }));
      const outcome = await world.start({
        resolvConf: [server],
        flags: ["--standalone", "--secret", "app", "--region", "eu-west-1"],
        environment: {
          AWS_ENDPOINT_URL: `${scheme}://aws.piggy.test:${new URL(aws.url).port}`,
          AWS_ACCESS_KEY_ID: "AKIADNS0000000000000",
          AWS_SECRET_ACCESS_KEY: "dns",
          AWS_CA_BUNDLE: bundle,
          ...over("tcp"),
        },
      });
      expect(outcome).toMatchObject(STARTED);
      expect(parseProbe(outcome.stdout).environment).toContain(`A=${VALUE}`);
      expect(namesOf(server.questions)).toEqual(["aws.piggy.test"]);
      expect(protocolsOf(server.questions)).toEqual(["tcp"]);
    } finally {
      await aws.stop();
    }
  });

  test("asks this machine where there is no resolv.conf", async () => {
    const { message } = faultOf(await world.start({ resolvConf: NO_ETC }));
    expect(message).toContain(
      `cannot look up ${NAME} over udp (PIGGY_DNS_RESOLVER) at 127.0.0.1, ::1: ${NAME}: `,
    );
  });
});

describe.skipIf(noMounts !== undefined)("a name is", () => {
  test("asked for below the search list first, as a cluster has it, and then as it is", async () => {
    const server = await world.dns(KNOWN);
    const resolvConf = [
      "search demo.svc.cluster.test svc.cluster.test cluster.test",
      `nameserver ${server.address}`,
      "options ndots:5",
    ].join("\n");
    expect(await world.start({ resolvConf })).toMatchObject(STARTED);
    expect(namesOf(server.questions)).toEqual([
      `${NAME}.demo.svc.cluster.test`,
      `${NAME}.svc.cluster.test`,
      `${NAME}.cluster.test`,
      NAME,
    ]);
    expect(new Set(server.questions.map(({ id }) => id)).size).toBeGreaterThan(4);
  });

  test("found below the search list where it has no address of its own, or a server fails with one", async () => {
    const found = `${NAME}.third.test`;
    const server = await world.dns((question) => {
      if (question.name === `${NAME}.first.test`) return [{}];
      if (question.name === `${NAME}.second.test`) return [{ code: SERVFAIL }];
      return zone({ [found]: [HERE] })(question);
    });
    const resolvConf = `search first.test second.test third.test\nnameserver ${server.address}\noptions ndots:3`;
    expect(await world.start({ resolvConf })).toMatchObject(STARTED);
    expect(namesOf(server.questions)).toEqual([`${NAME}.first.test`, `${NAME}.second.test`, found]);
  });

  test("as it is when a dot ends it", async () => {
    const server = await world.dns(KNOWN);
    const resolvConf = `search demo.test\nnameserver ${server.address}\noptions ndots:5`;
    expect(await world.start({ resolvConf, name: `${NAME}.` })).toMatchObject(STARTED);
    expect(namesOf(server.questions)).toEqual([NAME]);
  });

  test("an alias of an alias, whatever the order of the records", async () => {
    const records: readonly DnsRecord[] = [
      { owner: "c.test", ...HERE },
      { owner: "unasked.test", ...NOWHERE },
      { owner: "B.test", type: "CNAME", data: "c.TEST" },
      { type: "CNAME", data: "b.test" },
    ];
    const server = await world.dns(({ type }) => [{ records: type === "A" ? records : [] }]);
    expect(await world.start({ resolvConf: [server] })).toMatchObject(STARTED);
  });

  test("connected to although nothing is ever said of the other family", async () => {
    const silentOn =
      (silent: string): Respond =>
      (question) =>
        question.type === silent ? [] : KNOWN(question);
    const server = await world.dns(silentOn("AAAA"));
    // Far longer than a test may take: it is not waited for.
    const resolvConf = `nameserver ${server.address}\noptions timeout:30 attempts:5`;
    expect(await world.start({ resolvConf })).toMatchObject(STARTED);
  });
});
