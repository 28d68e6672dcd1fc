/** How piggy-env reaches the webhook, and what it takes for the webhook. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { startProxy } from "../fakes/proxy.ts";
import { onlyLine, probe, run } from "./piggy-env.ts";
import { type StubOptions, type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

const VALUE = "the-value-itself";

let directory: string;
let authority: CertificateAuthority;
let tokenFile: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-tls-"));
  tokenFile = join(directory, "token");
  await writeFile(tokenFile, "the-token-itself");
  authority = await createCertificateAuthority("piggy-test-ca");
});
afterAll(() => rm(directory, { recursive: true }));

const stubs: StubWebhook[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.stop()));
});

function stubWebhook(options: Partial<StubOptions>): StubWebhook {
  const stub = startStubWebhook({ answer: () => Response.json({ KEY: VALUE }), ...options });
  stubs.push(stub);
  return stub;
}

/** A webhook with a certificate for these names. */
async function tlsWebhook(
  names: readonly string[],
  options: Partial<StubOptions> & { readonly notAfter?: Date } = {},
) {
  const { notAfter, ...rest } = options;
  const tls = await authority.issue({ names, ...(notAfter === undefined ? {} : { notAfter }) });
  return stubWebhook({ tls, ...rest });
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A container whose command makes a file: the surest sign that it was started. */
async function startWith(environment: Environment) {
  const made = join(directory, crypto.randomUUID());
  const outcome = await run(["--", "/bin/sh", "-c", `: > ${made}; echo "$A"`], {
    A: "piggy:KEY",
    PIGGY_TOKEN_FILE: tokenFile,
    PIGGY_CA: authority.pem,
    ...environment,
  });
  return { ...outcome, isStarted: await Bun.file(made).exists() };
}

const expectStarted = async (environment: Environment) =>
  expect(await startWith(environment)).toMatchObject({
    exitCode: 0,
    stderr: "",
    stdout: `${VALUE}\n`,
    isStarted: true,
  });

async function expectRefused(environment: Environment, code: string, says: string): Promise<void> {
  const outcome = await startWith(environment);
  expect(outcome).toMatchObject({ exitCode: 125, stdout: "", isStarted: false });
  const line = onlyLine(outcome);
  expect(line).toMatchObject({ level: "fatal", code });
  expect(line.message).toContain('A: "piggy:KEY" is unresolved: ');
  expect(line.message).toContain(says);
  for (const secret of [VALUE, "the-token-itself"]) expect(outcome.stderr).not.toContain(secret);
}

describe("a webhook is asked whose certificate is of PIGGY_CA and for its name", () => {
  test("by name", async () => {
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectStarted({ PIGGY_ADDRESS: `https://localhost:${port}` });
    expect(requests).toMatchObject([{ method: "POST", path: "/secret", host: `localhost:${port}` }]);
  });

  test("by IPv4 address", async () => {
    const { port } = await tlsWebhook(["127.0.0.1"]);
    await expectStarted({ PIGGY_ADDRESS: `https://127.0.0.1:${port}` });
  });

  test("by IPv6 address", async () => {
    const { port } = await tlsWebhook(["::1"], { hostname: "::1" });
    await expectStarted({ PIGGY_ADDRESS: `https://[::1]:${port}` });
  });

  test("at PIGGY_SERVICE, where the name itself leads nowhere", async () => {
    const name = "piggy-webhooks.piggy-webhooks.svc.cluster.local";
    const { port, requests } = await tlsWebhook([name]);
    await expectStarted({ PIGGY_ADDRESS: `https://${name}`, PIGGY_SERVICE: `127.0.0.1:${port}` });
    expect(requests).toMatchObject([{ path: "/secret", host: name }]);
  });

  test("at a PIGGY_SERVICE of IPv6", async () => {
    const name = "piggy-webhooks.piggy-webhooks.svc";
    const { port } = await tlsWebhook([name], { hostname: "::1" });
    await expectStarted({ PIGGY_ADDRESS: `https://${name}`, PIGGY_SERVICE: `[::1]:${port}` });
  });

  test("by name when PIGGY_SERVICE is empty", async () => {
    const { port } = await tlsWebhook(["localhost"]);
    await expectStarted({ PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_SERVICE: "" });
  });

  test("by name when nobody listens at PIGGY_SERVICE", async () => {
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectStarted({ PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_SERVICE: "127.0.0.1:1" });
    expect(requests).toHaveLength(1);
  });

  test("by name when somebody else listens at PIGGY_SERVICE, who is not told the token", async () => {
    const stranger = await tlsWebhook(["stranger.example"]);
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectStarted({
      PIGGY_ADDRESS: `https://localhost:${port}`,
      PIGGY_SERVICE: `127.0.0.1:${stranger.port}`,
    });
    expect(stranger.requests).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  test("below a path, where the address has one", async () => {
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectStarted({ PIGGY_ADDRESS: `https://localhost:${port}/piggy` });
    expect(requests).toMatchObject([{ path: "/piggy/secret" }]);
  });

  test("without a proxy, whichever the application is to use", async () => {
    const proxy = startProxy();
    try {
      const { port } = await tlsWebhook(["localhost"]);
      const plain = stubWebhook({});
      const proxies = {
        HTTPS_PROXY: proxy.url,
        HTTP_PROXY: proxy.url,
        https_proxy: proxy.url,
        http_proxy: proxy.url,
      };
      await expectStarted({ PIGGY_ADDRESS: `https://localhost:${port}`, ...proxies });
      await expectStarted({ PIGGY_ADDRESS: `http://127.0.0.1:${plain.port}`, ...proxies });
      expect(proxy.requests).toEqual([]);
    } finally {
      await proxy.stop();
    }
  });
});

describe("the container does not start, and the token is told to nobody, when", () => {
  test("the certificate is of another authority", async () => {
    const { pem } = await createCertificateAuthority("another");
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectRefused(
      { PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_CA: pem },
      "webhook_untrusted",
      "certificate",
    );
    expect(requests).toEqual([]);
  });

  test.each([
    ["no", undefined],
    ["an empty", ""],
  ])("there is %s PIGGY_CA and the system does not know the authority", async (_, ca) => {
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectRefused(
      { PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_CA: ca },
      "webhook_untrusted",
      "certificate",
    );
    expect(requests).toEqual([]);
  });

  test("PIGGY_CA is no certificate", async () => {
    const { port, requests } = await tlsWebhook(["localhost"]);
    const environment = { PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_CA: "not PEM" };
    await expectRefused(environment, "webhook_untrusted", `https://localhost:${port}`);
    expect(requests).toEqual([]);
  });

  test("the certificate is for another name", async () => {
    const { port, requests } = await tlsWebhook(["piggy-webhooks.piggy-webhooks.svc", "127.0.0.1"]);
    await expectRefused({ PIGGY_ADDRESS: `https://localhost:${port}` }, "webhook_untrusted", "localhost");
    expect(requests).toEqual([]);
  });

  test("the certificate is for the address that it is asked at, but not for the name", async () => {
    const { port, requests } = await tlsWebhook(["127.0.0.1"]);
    const environment = { PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_SERVICE: `127.0.0.1:${port}` };
    await expectRefused(environment, "webhook_untrusted", "localhost");
    expect(requests).toEqual([]);
  });

  test("the certificate has expired", async () => {
    const notAfter = new Date(Date.now() - 60_000);
    const { port, requests } = await tlsWebhook(["localhost"], { notAfter });
    await expectRefused({ PIGGY_ADDRESS: `https://localhost:${port}` }, "webhook_untrusted", "expired");
    expect(requests).toEqual([]);
  });

  test("the environment tells Node not to verify anything", async () => {
    const { pem } = await createCertificateAuthority("another");
    const { port, requests } = await tlsWebhook(["localhost"]);
    await expectRefused(
      { PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_CA: pem, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      "webhook_untrusted",
      "certificate",
    );
    expect(requests).toEqual([]);
  });
});

describe("PIGGY_SKIP_VERIFY_TLS", () => {
  test("takes any certificate", async () => {
    const { port } = await tlsWebhook(["elsewhere.example"], { notAfter: new Date(Date.now() - 60_000) });
    await expectStarted({
      PIGGY_ADDRESS: `https://localhost:${port}`,
      PIGGY_CA: undefined,
      PIGGY_SKIP_VERIFY_TLS: "true",
    });
  });

  test("never asks at PIGGY_SERVICE, which could be anybody's by now", async () => {
    const stranger = await tlsWebhook(["localhost"]);
    const { port } = await tlsWebhook(["localhost"]);
    await expectStarted({
      PIGGY_ADDRESS: `https://localhost:${port}`,
      PIGGY_SERVICE: `127.0.0.1:${stranger.port}`,
      PIGGY_SKIP_VERIFY_TLS: "true",
    });
    expect(stranger.requests).toEqual([]);
  });

  test("set to false verifies", async () => {
    const { port } = await tlsWebhook(["elsewhere.example"]);
    const environment = { PIGGY_ADDRESS: `https://localhost:${port}`, PIGGY_SKIP_VERIFY_TLS: "false" };
    await expectRefused(environment, "webhook_untrusted", "localhost");
  });
});

describe("the container does not start on an answer", () => {
  const answers: readonly (readonly [what: string, answer: () => Response, code: string, says: string])[] = [
    ["that is no JSON", () => new Response(`<html>${VALUE}</html>`), "webhook_refused", "does not answer as"],
    ["that is a list", () => Response.json([VALUE]), "webhook_refused", "does not answer as"],
    ["that is empty", () => new Response(""), "webhook_refused", "does not answer as"],
    ["without the key", () => Response.json({ OTHER: VALUE }), "reference_unresolved", 'no key "KEY"'],
    ["whose value is no string", () => Response.json({ KEY: 1 }), "reference_unresolved", 'no key "KEY"'],
    [
      "of 503",
      () => new Response("AWS is down\n", { status: 503 }),
      "webhook_unavailable",
      "503 AWS is down",
    ],
    [
      "of 500",
      () => new Response("internal error\n", { status: 500 }),
      "webhook_unavailable",
      "500 internal error",
    ],
    ["of 401", () => new Response("no X-Token\n", { status: 401 }), "webhook_refused", "401 no X-Token"],
    ["of 403", () => new Response("any\n", { status: 403 }), "not_allowed", "decision not allowed"],
    ["of 204", () => new Response(null, { status: 204 }), "webhook_refused", "does not answer as"],
    [
      "that leads elsewhere",
      () => Response.redirect("https://elsewhere.example/secret", 307),
      "webhook_refused",
      "piggy-webhooks: 307",
    ],
  ];
  test.each(answers)("%s", async (_what, answer, code, says) => {
    const { port } = await tlsWebhook(["localhost"], { answer });
    await expectRefused({ PIGGY_ADDRESS: `https://localhost:${port}` }, code, says);
  });

  test("and what the webhook calls the request is said where it can be its id", async () => {
    const answerAs = (id: string) => () =>
      new Response("AWS is down\n", { status: 503, headers: { "X-Request-Id": id } });
    const good = await tlsWebhook(["localhost"], { answer: answerAs("705ab4f5:1") });
    const says = "503 AWS is down (request 705ab4f5:1)";
    await expectRefused({ PIGGY_ADDRESS: `https://localhost:${good.port}` }, "webhook_unavailable", says);
    const bad = await tlsWebhook(["localhost"], { answer: answerAs("<b>\u00e9") });
    const outcome = await startWith({ PIGGY_ADDRESS: `https://localhost:${bad.port}` });
    expect(onlyLine(outcome).message).toContain("503 AWS is down");
    expect(outcome.stderr).not.toContain("(request");
  });

  test("that breaks off", async () => {
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"KEY":"${VALUE}"`);
          socket.flush();
          setTimeout(() => socket.end(), 20);
        },
      },
    });
    try {
      const address = `http://127.0.0.1:${listener.port}`;
      await expectRefused({ PIGGY_ADDRESS: address }, "webhook_unreachable", address);
    } finally {
      listener.stop(true);
    }
  });

  test("that holds a NUL byte, which no variable can", async () => {
    const { port } = await tlsWebhook(["localhost"], {
      answer: () => Response.json({ KEY: `${VALUE}\0more` }),
    });
    await expectRefused({ PIGGY_ADDRESS: `https://localhost:${port}` }, "reference_unresolved", "NUL");
  });
});

test("a value that is itself a reference is not resolved again", async () => {
  const { port, requests } = await tlsWebhook(["localhost"], {
    answer: () => Response.json({ KEY: "piggy:KEY" }),
  });
  const environment = { A: "piggy:KEY", PIGGY_TOKEN_FILE: tokenFile, PIGGY_CA: authority.pem };
  const outcome = await run(["--", await probe()], {
    ...environment,
    PIGGY_ADDRESS: `https://localhost:${port}`,
  });
  expect(outcome.started().environment).toEqual(["A=piggy:KEY"]);
  expect(requests).toHaveLength(1);
});
