/** How piggy-env reaches AWS: whom it believes, what it keeps, and which way it goes. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { startProxy } from "../fakes/proxy.ts";
import { onlyLine, probe, run } from "./piggy-env.ts";

const KEY = { accessKeyId: "AKIASEND000000000000", secretAccessKey: "send" } as const;
const VALUE = "the-value-itself";

let authority: CertificateAuthority;
let directory: string;
let bundle: string;
beforeAll(async () => {
  authority = await createCertificateAuthority("test-ca");
  directory = await mkdtemp(join(tmpdir(), "piggy-send-"));
  bundle = join(directory, "ca.pem");
  await writeFile(bundle, authority.pem);
});
afterAll(() => rm(directory, { recursive: true }));

let aws: AwsFake | undefined;
afterEach(async () => {
  await aws?.stop();
});

async function tlsAws(names: readonly string[], notAfter?: Date): Promise<AwsFake> {
  const tls = await authority.issue({ names, ...(notAfter === undefined ? {} : { notAfter }) });
  aws = await startAws({ tls });
  aws.addUser(KEY);
  aws.putSecret({ region: "eu-west-1", name: "app", value: JSON.stringify({ KEY: VALUE }) });
  for (let i = 0; i < 25; i += 1)
    aws.putParameter({ region: "eu-west-1", name: `/app/K${i}`, value: `v${i}` });
  return aws;
}

const start = async (environment: Readonly<Record<string, string>>, where = ["--secret", "app"]) =>
  run(["--standalone", ...where, "--region", "eu-west-1", "--", await probe()], {
    A: "piggy:KEY",
    AWS_ACCESS_KEY_ID: KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
    AWS_CA_BUNDLE: bundle,
    ...environment,
  });

describe("AWS is believed by", () => {
  test("a certificate of AWS_CA_BUNDLE", async () => {
    const { url } = await tlsAws(["localhost"]);
    const outcome = await start({ AWS_ENDPOINT_URL: url });
    expect(outcome.started().environment).toContain(`A=${VALUE}`);
  });

  test("a certificate of AWS_CA_BUNDLE, in a file whose name is not ASCII", async () => {
    const { url } = await tlsAws(["localhost"]);
    const named = join(directory, "zertifikäte.pem");
    await copyFile(bundle, named);
    const outcome = await start({ AWS_ENDPOINT_URL: url, AWS_CA_BUNDLE: named });
    expect(outcome.started().environment).toContain(`A=${VALUE}`);
  });

  test.each([
    ["of another authority", ["localhost"], undefined, { AWS_CA_BUNDLE: "" }],
    ["of another host", ["elsewhere.example"], undefined, {}],
    ["that has expired", ["localhost"], new Date(Date.now() - 1000), {}],
  ])("none %s, and nothing is asked again", async (_what, names, notAfter, environment) => {
    const { url, requests } = await tlsAws(names, notAfter);
    const outcome = await start({ AWS_ENDPOINT_URL: url, PIGGY_DEADLINE: "30s", ...environment });
    expect(outcome.exitCode).toBe(125);
    expect(onlyLine(outcome)).toMatchObject({ level: "fatal", code: "aws_untrusted" });
    expect(requests).toEqual([]);
    expect(outcome.stderr).not.toContain(KEY.secretAccessKey);
  });
});

test("a bundle that is not there is named", async () => {
  const outcome = await start({ AWS_CA_BUNDLE: "/absent/ca.pem", AWS_ENDPOINT_URL: "https://localhost:1" });
  expect(onlyLine(outcome)).toMatchObject({ level: "fatal", code: "setting_invalid" });
  expect(onlyLine(outcome).message).toContain("/absent/ca.pem");
});

test("three pages of parameters come over one connection", async () => {
  const { url } = await tlsAws(["localhost"]);
  let connections = 0;
  // Between the two, so that connections can be counted.
  const relay = Bun.listen<{ upstream?: Bun.Socket; early: Buffer[] }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async open(socket) {
        connections += 1;
        socket.data = { early: [] };
        const upstream = await Bun.connect({
          hostname: "127.0.0.1",
          port: Number(new URL(url).port),
          socket: { data: (_up, bytes) => void socket.write(bytes), close: () => void socket.end() },
        });
        for (const bytes of socket.data.early) upstream.write(bytes);
        socket.data.upstream = upstream;
      },
      data(socket, bytes) {
        if (socket.data.upstream) socket.data.upstream.write(bytes);
        else socket.data.early.push(Buffer.from(bytes));
      },
      close: (socket) => void socket.data.upstream?.end(),
    },
  });
  const outcome = await start({ A: "piggy:K24", AWS_ENDPOINT_URL: `https://localhost:${relay.port}` }, [
    "--path",
    "/app",
  ]);
  relay.stop(true);
  expect(outcome.started().environment).toContain("A=v24");
  expect(aws?.requests.length).toBe(3);
  expect(connections).toBe(1);
});

describe("the environment's HTTPS_PROXY", () => {
  test("is gone through, and NO_PROXY goes round it", async () => {
    const { url } = await tlsAws(["localhost"]);
    const proxy = startProxy();
    const through = await start({ AWS_ENDPOINT_URL: url, HTTPS_PROXY: proxy.url });
    expect(through.started().environment).toContain(`A=${VALUE}`);
    expect(proxy.requests).toEqual([{ method: "CONNECT", target: new URL(url).host }]);
    const round = await start({ AWS_ENDPOINT_URL: url, HTTPS_PROXY: proxy.url, NO_PROXY: "localhost" });
    expect(round.started().environment).toContain(`A=${VALUE}`);
    expect(proxy.requests).toHaveLength(1);
    await proxy.stop();
  });
});
