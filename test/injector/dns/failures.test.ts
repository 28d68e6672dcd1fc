/** DNS servers that are silent, fail, or lie. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type DnsAnswer, NXDOMAIN, REFUSED, type Respond, SERVFAIL, zone } from "../../fakes/dns.ts";
import { noMounts } from "../../launcher/enclosed.ts";
import { type DnsWorld, faultOf, NAME, STARTED, startDnsWorld } from "./world.ts";

const HERE = { type: "A", data: "127.0.0.1" } as const;
const NOWHERE = { type: "A", data: "127.53.0.0" } as const;
const KNOWN = zone({ [NAME]: [HERE] });
const silent: Respond = () => [];

let world: DnsWorld;
beforeAll(async () => {
  world = await startDnsWorld();
});
afterEach(() => world.clear());
afterAll(() => world.stop());

describe.skipIf(noMounts !== undefined)("another server is asked", () => {
  const faults: readonly (readonly [what: string, respond: Respond])[] = [
    ["is silent", silent],
    ["fails", () => [{ code: SERVFAIL }]],
    ["refuses to say", () => [{ code: REFUSED }]],
    ["knows nobody to ask", () => [{ isReferral: true }]],
    ["sends an answer that breaks off", () => [{ records: [HERE], count: 2 }]],
    [
      "hangs up where its answer did not fit",
      ({ protocol }) => (protocol === "tcp" ? "hang up" : [{ truncated: true }]),
    ],
  ];
  test.each(faults)("when one %s", async (_what, respond) => {
    const first = await world.dns(respond);
    const second = await world.dns(KNOWN);
    expect(await world.start({ resolvConf: [first, second] })).toMatchObject(STARTED);
    expect(first.questions.map(({ type }) => type)).toContain("A");
    expect(second.questions.map(({ type }) => type).sort()).toEqual(["A", "AAAA"]);
  });

  test("when nobody listens where one should be", async () => {
    const gone = await world.dns(silent);
    gone.stop();
    const second = await world.dns(KNOWN);
    // Longer than it may take: what is refused is not waited for.
    const resolvConf = `nameserver ${gone.address}\nnameserver ${second.address}\noptions timeout:30`;
    expect(await world.start({ resolvConf })).toMatchObject(STARTED);
  });

  test("and the first again, as often as the file says", async () => {
    const counts = { A: 0 };
    const first = await world.dns((question) => {
      if (question.type !== "A") return KNOWN(question);
      counts.A += 1;
      return counts.A < 3 ? [{ code: SERVFAIL }] : KNOWN(question);
    });
    const resolvConf = `nameserver ${first.address}\noptions attempts:3`;
    expect(await world.start({ resolvConf })).toMatchObject(STARTED);
    expect(counts.A).toBe(3);
  });

  test("never when one says that the name is not there", async () => {
    const first = await world.dns(() => [{ code: NXDOMAIN }]);
    const second = await world.dns(KNOWN);
    expect((await world.start({ resolvConf: [first, second] })).exitCode).toBe(125);
    expect(second.questions).toEqual([]);
  });
});

describe.skipIf(noMounts !== undefined)("what did not fit into a datagram", () => {
  const truncating: Respond = (question) =>
    question.protocol === "udp" ? [{ truncated: true, records: [NOWHERE] }] : KNOWN(question);

  test("is asked for over TCP, and what did fit is not used", async () => {
    const server = await world.dns(truncating);
    expect(await world.start({ resolvConf: [server] })).toMatchObject(STARTED);
    expect(server.questions.map(({ protocol, type }) => `${protocol} ${type}`).sort()).toEqual([
      "tcp A",
      "tcp AAAA",
      "udp A",
      "udp AAAA",
    ]);
  });
});

describe.skipIf(noMounts !== undefined)("an answer over UDP is not believed", () => {
  const lies: readonly (readonly [what: string, lie: (id: number) => DnsAnswer | Uint8Array])[] = [
    ["with another id", (id) => ({ id: id ^ 1, records: [NOWHERE] })],
    ["to another question", () => ({ name: "elsewhere.piggy.test", records: [{ owner: NAME, ...NOWHERE }] })],
    ["that is a question itself", (id) => Buffer.of(id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)],
    ["that is too short for anything", () => Buffer.of(1)],
    ["that is empty", () => new Uint8Array()],
  ];
  test.each(lies)("%s, and the right one is waited for", async (_what, lie) => {
    const server = await world.dns((question) => {
      const right = KNOWN(question);
      return right === "hang up" ? right : [lie(question.id), ...right];
    });
    expect(await world.start({ resolvConf: [server] })).toMatchObject(STARTED);
  });

  test("for an address of a name that was not asked for", async () => {
    const server = await world.dns(() => [{ records: [{ owner: "elsewhere.piggy.test", ...HERE }] }]);
    const { message } = faultOf(await world.start({ resolvConf: [server] }));
    expect(message).toContain(`${NAME}: it has neither an A nor an AAAA record`);
  });
});

describe.skipIf(noMounts !== undefined)("a name that cannot be looked up", () => {
  const failing = async (respond: Respond, lines: readonly string[], transport = "udp") => {
    const server = await world.dns(respond);
    const resolvConf = [`nameserver ${server.address}`, ...lines].join("\n");
    const outcome = await world.start({ resolvConf, environment: { PIGGY_DNS_RESOLVER: transport } });
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    const line = faultOf(outcome);
    expect(line).toMatchObject({ level: "fatal", code: "webhook_unreachable" });
    expect(line.message).toContain(
      `cannot look up ${NAME} over ${transport} (PIGGY_DNS_RESOLVER) at ${server.address}: `,
    );
    return { server, message: line.message };
  };

  test("is told of with each name that was tried", async () => {
    const { message } = await failing(zone({}), ["search one.test two.test", "options ndots:5"]);
    for (const name of [`${NAME}.one.test`, `${NAME}.two.test`, NAME]) {
      expect(message).toContain(`${name}: no such name (NXDOMAIN)`);
    }
  });

  test("is told of with the server that fails", async () => {
    const { server, message } = await failing(() => [{ code: SERVFAIL }], []);
    expect(message).toContain(`${NAME}: ${server.address}: SERVFAIL`);
  });

  test("is not tried as another name when nobody answers", async () => {
    const { server, message } = await failing(silent, [
      "search one.test",
      "options ndots:5 timeout:1 attempts:1",
    ]);
    expect(message).toContain(`${NAME}.one.test: ${server.address}: no answer in time`);
    expect(new Set(server.questions.map(({ name }) => name))).toEqual(new Set([`${NAME}.one.test`]));
  });

  const wrongly: readonly (readonly [what: string, respond: Respond, says: string])[] = [
    ["hangs up", () => "hang up", "it closed the connection without an answer"],
    ["answers another question", () => [{ name: "elsewhere.piggy.test" }], "it answers another question"],
  ];
  test.each(wrongly)("over TCP, is told of with the server that %s", async (_what, respond, says) => {
    expect((await failing(respond, [], "tcp")).message).toContain(says);
  });

  test("is asked for again while patience lasts", async () => {
    let asked = 0;
    const server = await world.dns((question) => {
      asked += 1;
      return asked <= 2 ? [{ code: NXDOMAIN }] : KNOWN(question);
    });
    const outcome = await world.start({
      resolvConf: [server],
      environment: { PIGGY_DEADLINE: "30s" },
    });
    expect(outcome.exitCode).toBe(0);
    expect(faultOf(outcome)).toMatchObject({ level: "warn" });
  });
});
