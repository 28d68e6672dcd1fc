import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { startWorld, type World } from "../support/world.ts";
import { runToItsEnd, whileRunning } from "./running.ts";

setDefaultTimeout(60_000);

let world: World;
let directory: string;

beforeAll(async () => {
  // Whoever says nothing of it is warned, and that is another test's.
  world = await startWorld({ environment: { PIGGY_ALLOWED_SECRETS: "**" } });
  directory = await mkdtemp(join(tmpdir(), "piggy-start-"));
  await writeFile(join(directory, "empty.pem"), "");
  await writeFile(join(directory, "nonsense"), "-----BEGIN NONSENSE-----\n");
  await writeFile(join(directory, "other.key"), (await world.authority.issue({ names: ["other"] })).key);
});
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

const NO_TLS = { TLS_CERT_FILE: "", TLS_PRIVATE_KEY_FILE: "" };

describe("LISTEN_ADDRESS", () => {
  test(":PORT is both families' every address", async () => {
    const port = freePort();
    await whileRunning({ ...world.environment, ...NO_TLS, LISTEN_ADDRESS: `:${port}` }, async () => {
      for (const host of ["127.0.0.1", "[::1]"]) {
        expect(await (await fetch(`http://${host}:${port}/healthz`)).text()).toBe("ok\n");
      }
    });
  });

  test.each(["127.0.0.1", "localhost", "[::1]"])("HOST:PORT is that host alone: %s", async (host) => {
    const port = freePort();
    await whileRunning({ ...world.environment, ...NO_TLS, LISTEN_ADDRESS: `${host}:${port}` }, async () => {
      expect((await fetch(`http://${host}:${port}/healthz`)).status).toBe(200);
      const other = host === "[::1]" ? "127.0.0.1" : "127.0.0.2";
      const elsewhere = await fetch(`http://${other}:${port}/healthz`).then(
        () => "answered",
        () => "refused",
      );
      expect(elsewhere).toBe("refused");
    });
  });

  test.each([
    "nonsense",
    "8443",
    ":",
    ":port",
    ":65536",
    ":99999",
    ":-1",
    "127.0.0.1",
    "::1:8443",
    "[::1]",
    "http://:8443",
  ])("that cannot be one ends the start: %s", async (address) => {
    const { exitCode, lines } = await runToItsEnd({ ...world.environment, LISTEN_ADDRESS: address });
    expect(exitCode).toBe(1);
    expect(lines).toEqual([
      {
        level: "fatal",
        code: "setting_invalid",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        message: `LISTEN_ADDRESS: ${JSON.stringify(address)} is not :PORT or HOST:PORT`,
      },
    ]);
  });

  test.each(["203.0.113.7:8443", "no-such-host.invalid:8443"])(
    "that is not this machine's ends the start: %s",
    async (address) => {
      const { exitCode, lines } = await runToItsEnd({ ...world.environment, LISTEN_ADDRESS: address });
      expect(exitCode).toBe(1);
      expect(lines).toMatchObject([{ level: "fatal", code: "setting_invalid" }]);
      expect(lines[0]?.message).toStartWith(`cannot listen on ${address}: `);
    },
  );

  test("that is taken ends the start", async () => {
    const address = world.webhook.address;
    const { exitCode, lines } = await runToItsEnd({ ...world.environment, LISTEN_ADDRESS: address });
    expect(exitCode).toBe(1);
    expect(lines).toMatchObject([{ level: "fatal", code: "setting_invalid" }]);
    expect(lines[0]?.message).toStartWith(`cannot listen on ${address}: `);
  });
});

describe("without TLS files", () => {
  test("the webhook speaks plain HTTP, and says so", async () => {
    await whileRunning(
      { ...world.environment, ...NO_TLS, LISTEN_ADDRESS: "127.0.0.1:0" },
      async ({ address, log, ready }) => {
        await ready();
        expect((await fetch(`http://${address}/readyz`)).status).toBe(200);
        const listening = log.find(({ message }) => message === "listening");
        expect(listening).toMatchObject({ level: "info", tls: false });
      },
    );
  });

  test("one of the two ends the start", async () => {
    for (const name of ["TLS_CERT_FILE", "TLS_PRIVATE_KEY_FILE"]) {
      const { exitCode, lines } = await runToItsEnd({ ...world.environment, [name]: "" });
      expect(exitCode).toBe(1);
      expect(lines).toMatchObject([
        {
          level: "fatal",
          code: "tls_files_unreadable",
          message: "TLS_CERT_FILE and TLS_PRIVATE_KEY_FILE go together: set both, or neither for plain HTTP",
        },
      ]);
    }
  });
});

describe("the start ends with exit code 1 and one line that says why", () => {
  const endOf = async (change: Readonly<Record<string, string>>) => {
    const { exitCode, lines } = await runToItsEnd({ ...world.environment, ...change });
    expect(exitCode).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.level).toBe("fatal");
    return { code: lines[0]?.["code"], message: lines[0]?.message };
  };

  test.each(["TLS_CERT_FILE", "TLS_PRIVATE_KEY_FILE", "TLS_CA_FILE", "PIGGY_REGISTRY_CA_FILE"])(
    "when the file of %s is not there",
    async (name) => {
      const file = join(directory, "none.pem");
      const { code, message } = await endOf({ [name]: file });
      expect(code).toBe("tls_files_unreadable");
      expect(message).toStartWith(`cannot read ${file}: `);
    },
  );

  test.each(["TLS_CERT_FILE", "TLS_PRIVATE_KEY_FILE", "TLS_CA_FILE", "PIGGY_REGISTRY_CA_FILE"])(
    "when the file of %s is empty",
    async (name) => {
      const file = join(directory, "empty.pem");
      const message = `${file} is not a PEM file`;
      expect(await endOf({ [name]: file })).toEqual({ code: "tls_files_unreadable", message });
    },
  );

  test.each([
    ["TLS_CERT_FILE", "nonsense"],
    ["TLS_PRIVATE_KEY_FILE", "nonsense"],
    ["TLS_PRIVATE_KEY_FILE", "other.key"],
  ])("when the file of %s cannot be used: %s", async (name, file) => {
    const files = { ...world.environment, [name]: join(directory, file) };
    const { code, message } = await endOf(files);
    expect(code).toBe("tls_files_unreadable");
    expect(message).toStartWith(
      `${files["TLS_CERT_FILE"]} and ${files["TLS_PRIVATE_KEY_FILE"]} are not a certificate and its key: `,
    );
  });

  test("when a pattern of PIGGY_ALLOWED_SECRETS is none, which is named", async () => {
    const { code, message } = await endOf({ PIGGY_ALLOWED_SECRETS: "{namespace}/*, shop/{pod}" });
    expect(code).toBe("setting_invalid");
    expect(message).toBe(
      'PIGGY_ALLOWED_SECRETS: the pattern "shop/{pod}": "{pod}" is neither {namespace} nor {serviceAccount}',
    );
  });

  const role = "arn:aws:iam::111122223333:role/piggy";
  test.each<[string, unknown, string]>([
    ["is no JSON", "[{", ' is not a JSON list: expected [{"secrets": "PATTERN", "role": "ARN"}]'],
    [
      "is no list",
      { secrets: "a", role },
      ' is not a JSON list: expected [{"secrets": "PATTERN", "role": "ARN"}]',
    ],
    ["has a text in it", ["a"], ', member 1: expected {"secrets": "PATTERN", "role": "ARN"}'],
    [
      "has a member too many",
      [
        { secrets: "a", role },
        { secrets: "a", role, external_id: "x" },
      ],
      ', member 2: "external_id" is none of secrets, role, externalId',
    ],
    ["has no patterns", [{ role }], ", member 1: secrets is not a string of patterns"],
    [
      "has a bad pattern",
      [{ secrets: "a, b/***", role }],
      ', member 1: the pattern "b/***": more than two stars',
    ],
    ["has no role", [{ secrets: "a" }], ", member 1: role is not the ARN of a role"],
    [
      "has a role by name",
      [{ secrets: "a", role: "piggy" }],
      ', member 1: role: "piggy" is not arn:aws:iam::',
    ],
    [
      "has a user for a role",
      [{ secrets: "a", role: "arn:aws:iam::111122223333:user/a" }],
      ', member 1: role: "arn:aws:iam::111122223333:user/a" is not arn:aws:iam::ACCOUNT:role/NAME',
    ],
    [
      "has a star in a role",
      [{ secrets: "a", role: `${role}-*` }],
      `, member 1: role: "${role}-*": a role has no star`,
    ],
    [
      "has a role that two could share",
      [{ secrets: "a", role: `${role}-{namespace}-{serviceAccount}` }],
      `, member 1: role: "${role}-{namespace}-{serviceAccount}": beside a placeholder stands another`,
    ],
    [
      "has an external id of one letter",
      [{ secrets: "a", role, externalId: "x" }],
      ", member 1: externalId is not 2",
    ],
    [
      "has a number for an external id",
      [{ secrets: "a", role, externalId: 12 }],
      ", member 1: externalId is not 2",
    ],
  ])("when PIGGY_ASSUME_ROLES %s", async (_what, roles, says) => {
    const PIGGY_ASSUME_ROLES = typeof roles === "string" ? roles : JSON.stringify(roles);
    const { code, message } = await endOf({ PIGGY_ASSUME_ROLES });
    expect(code).toBe("setting_invalid");
    expect(message).toStartWith(`PIGGY_ASSUME_ROLES${says}`);
  });

  test("when it is not in a cluster", async () => {
    expect(await endOf({ KUBERNETES_SERVICE_HOST: "" })).toEqual({
      code: "not_in_cluster",
      message:
        "KUBERNETES_SERVICE_HOST is not set: piggy-webhooks runs in a Pod, or needs what a Pod is given",
    });
  });

  test("when it has no service account's files", async () => {
    expect(await endOf({ PIGGY_SERVICE_ACCOUNT_DIR: directory })).toEqual({
      code: "not_in_cluster",
      message: `cannot read ${directory}/ca.crt: is automountServiceAccountToken off for piggy-webhooks?`,
    });
  });
});

test("a setting that cannot be read is warned of at the start", async () => {
  const environment = {
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    PIGGY_ENFORCE_SERVICE_ACCOUNT: "maybe",
    PIGGY_NUMBER_OF_RETRY: "many",
  };
  await whileRunning(environment, async ({ log }) => {
    expect(log.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      'PIGGY_NUMBER_OF_RETRY: "many" is not a whole number; it counts as 0',
      'PIGGY_ENFORCE_SERVICE_ACCOUNT: "maybe" is not true or false; it counts as true',
    ]);
  });
});
