/**
 * A DNS server on port 53 of a loopback address of its own, over UDP and TCP, that answers as it is told to, be it
 * wrongly. It writes and reads messages by itself, not by what is tested. Source: RFC 1035, 4.
 */
import { randomInt } from "node:crypto";

export type Type = "A" | "AAAA" | "CNAME";

export interface DnsQuestion {
  readonly protocol: "udp" | "tcp";
  readonly id: number;
  readonly name: string;
  readonly type: Type | "other";
  /** Of the client; each of its sockets has its own. */
  readonly port: number;
}

export interface DnsRecord {
  /** Without it, the question's name. */
  readonly owner?: string;
  readonly type: Type;
  /** An address, or a CNAME's name. */
  readonly data: string;
}

export interface DnsAnswer {
  readonly code?: number;
  readonly truncated?: boolean;
  readonly records?: readonly DnsRecord[];
  /** In place of the question's own. */
  readonly id?: number;
  readonly name?: string;
  /** Of records, whatever there are. */
  readonly count?: number;
  /** Neither recursive nor authoritative. */
  readonly isReferral?: boolean;
}

/** What is sent to a question, in order; bytes as they are. Nothing is silence, and a TCP connection can be hung up. */
export type Respond = (question: DnsQuestion) => readonly (DnsAnswer | Uint8Array)[] | "hang up";

export interface DnsFake {
  readonly address: string;
  readonly questions: readonly DnsQuestion[];
  stop(): void;
}

export const SERVFAIL = 2;
export const NXDOMAIN = 3;
export const REFUSED = 5;

const TYPES: ReadonlyMap<number, Type> = new Map([
  [1, "A"],
  [5, "CNAME"],
  [28, "AAAA"],
]);

/** Answers from a list of records by name; what is not in it does not exist. */
export function zone(records: Readonly<Record<string, readonly DnsRecord[]>>): Respond {
  return ({ name, type }) => {
    const known = Object.hasOwn(records, name) ? records[name] : undefined;
    if (known === undefined) return [{ code: NXDOMAIN }];
    return [{ records: known.filter((record) => record.type === type || record.type === "CNAME") }];
  };
}

const TRIES = 20;

/** Starts a server. Needs root, for the port. @throws Error where it is another's at every address */
export async function startDns(respond: Respond): Promise<DnsFake> {
  for (let tries = 1; ; tries += 1) {
    const address = `127.53.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    try {
      return await listen(address, respond);
    } catch (error) {
      const isTaken = error instanceof Error && /EADDRINUSE|in use/.test(error.message);
      if (!isTaken || tries === TRIES) throw error;
    }
  }
}

async function listen(hostname: string, respond: Respond): Promise<DnsFake> {
  const questions: DnsQuestion[] = [];
  const answersTo = (message: Buffer, protocol: DnsQuestion["protocol"], port: number) => {
    const question = readQuestion(message, protocol, port);
    questions.push(question);
    const answers = respond(question);
    if (answers === "hang up") return answers;
    return answers.map((answer) =>
      answer instanceof Uint8Array ? answer : writeAnswer(question, message, answer),
    );
  };
  const udp = await Bun.udpSocket({
    hostname,
    port: 53,
    socket: {
      data(socket, message, port, address) {
        const answers = answersTo(message, "udp", port);
        if (answers === "hang up") return;
        for (const answer of answers) socket.send(answer, port, address);
      },
    },
  });
  try {
    const tcp = Bun.listen<undefined>({
      hostname,
      port: 53,
      socket: {
        async data(socket, bytes) {
          const answers = answersTo(bytes.subarray(2), "tcp", socket.remotePort);
          if (answers === "hang up") return void socket.end();
          for (const answer of answers) {
            // In parts, as a network may bring it: half of the length, and the rest later.
            const framed = Buffer.concat([two(answer.length), answer]);
            for (const part of [framed.subarray(0, 1), framed.subarray(1, 20), framed.subarray(20)]) {
              socket.write(part);
              await Bun.sleep(2);
            }
          }
        },
      },
    });
    const stop = () => {
      udp.close();
      tcp.stop(true);
    };
    return { address: hostname, questions, stop };
  } catch (error) {
    udp.close();
    throw error;
  }
}

function readQuestion(message: Buffer, protocol: DnsQuestion["protocol"], port: number): DnsQuestion {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = TYPES.get(message.readUInt16BE(at + 1)) ?? "other";
  return { protocol, id: message.readUInt16BE(0), name: labels.join("."), type, port };
}

const two = (value: number) => Buffer.of((value >> 8) & 0xff, value & 0xff);

function writeAnswer(question: DnsQuestion, message: Buffer, answer: DnsAnswer): Buffer {
  const records = answer.records ?? [];
  const flags = 0x8100 | (answer.isReferral ? 0 : 0x80) | (answer.truncated ? 0x200 : 0) | (answer.code ?? 0);
  const counts = [1, answer.count ?? records.length, 0, 0];
  const asked = writeName(answer.name ?? question.name);
  const header = [answer.id ?? question.id, flags, ...counts].map(two);
  return Buffer.concat([...header, asked, message.subarray(-4), ...records.map(writeRecord)]);
}

function writeRecord({ owner, type, data }: DnsRecord): Buffer {
  const number = [...TYPES].find(([, known]) => known === type)?.[0] ?? 0;
  const content = type === "A" ? Buffer.from(data.split(".").map(Number)) : longData(type, data);
  // Without an owner: a pointer to the question's name.
  const name = owner === undefined ? Buffer.of(0xc0, 12) : writeName(owner);
  return Buffer.concat([name, two(number), two(1), two(0), two(60), two(content.length), content]);
}

/** A CNAME's name, or an IPv6 address, whose groups are all written out. */
function longData(type: Type, data: string): Buffer {
  if (type === "CNAME") return writeName(data);
  return Buffer.concat(data.split(":").map((group) => two(Number.parseInt(group, 16))));
}

function writeName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from(label, "latin1"));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}
