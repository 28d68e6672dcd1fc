/** IMDSv2, by HTTP. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Send } from "../../../lib/aws/send.ts";
import { type Endpoint, startEndpoint } from "./endpoint.ts";
import { type Environment, refusalOf, resolve } from "./resolve.ts";

const SESSION = "the-session-token";
const ROLES = "/latest/meta-data/iam/security-credentials/";
const ISSUED = {
  Code: "Success",
  AccessKeyId: "ASIAINSTANCE",
  SecretAccessKey: "instance/secret",
  Token: "session",
  Expiration: new Date(Date.now() + 3_600_000).toISOString(),
};

type Answers = Readonly<Record<string, () => Response | Promise<Response>>>;
let overrides: Answers;
let imds: Endpoint;

/** What an instance with the role `my node` answers; nothing but a session without the session's token. */
function answer(request: Request, { pathname }: URL): Response | Promise<Response> {
  const path = pathname.replace(/^\/proxied/, "");
  const override = overrides[path];
  if (override !== undefined) return override();
  if (path === "/latest/api/token") {
    const seconds = Number(request.headers.get("x-aws-ec2-metadata-token-ttl-seconds"));
    return request.method === "PUT" && seconds > 0
      ? new Response(SESSION)
      : new Response("", { status: 400 });
  }
  if (request.headers.get("x-aws-ec2-metadata-token") !== SESSION) return new Response("", { status: 401 });
  if (path === ROLES) return new Response("my node\n");
  return path === `${ROLES}my%20node` ? Response.json(ISSUED) : new Response("", { status: 404 });
}

beforeEach(() => {
  overrides = {};
  imds = startEndpoint(answer);
});
afterEach(() => imds.stop());

const here = (path = ""): Environment => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url + path });

describe("the instance's role gives credentials", () => {
  test.each([[""], ["/"], ["/proxied"], ["/proxied/"]])("at an endpoint that ends in %j", async (path) => {
    expect(await resolve(here(path))).toEqual({
      accessKeyId: "ASIAINSTANCE",
      secretAccessKey: "instance/secret",
      sessionToken: "session",
    });
    const base = imds.url + path.replace(/\/$/, "");
    expect(imds.requests.map(({ method, url }) => `${method} ${url.replace(base, "")}`)).toEqual([
      "PUT /latest/api/token",
      `GET ${ROLES}`,
      `GET ${ROLES}my%20node`,
    ]);
  });

  test("unless it is switched off", async () => {
    const off = { ...here(), AWS_EC2_METADATA_DISABLED: "True" };
    expect(await refusalOf(resolve(off))).toEqual({
      code: "credentials_missing",
      message: expect.stringContaining("AWS_EC2_METADATA_DISABLED is true"),
    });
    expect(imds.requests).toEqual([]);
  });

  test("where AWS_EC2_METADATA_DISABLED is false", async () => {
    const on = { ...here(), AWS_EC2_METADATA_DISABLED: "false" };
    expect(await resolve(on)).toMatchObject({ accessKeyId: "ASIAINSTANCE" });
  });
});

describe("it is asked", () => {
  async function askedUrl(environment: Environment): Promise<string | undefined> {
    const urls: string[] = [];
    const send: Send = async (url, { proxy }) => {
      urls.push(`${url.href} ${proxy === false ? "directly" : "by a proxy"}`);
      throw new Error("not in a test");
    };
    await refusalOf(resolve({ AWS_EC2_METADATA_DISABLED: "false", ...environment }, { send }));
    return urls.join();
  }

  test.each([
    [{}, "http://169.254.169.254"],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv4" }, "http://169.254.169.254"],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "ipv6" }, "http://[fd00:ec2::254]"],
    [
      {
        AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6",
        AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://imds.test:1338",
      },
      "http://imds.test:1338",
    ],
  ])("with %j at %s, past any proxy", async (environment, base) => {
    expect(await askedUrl(environment)).toBe(`${base}/latest/api/token directly`);
  });

  test.each([
    { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv5" },
    { AWS_EC2_METADATA_SERVICE_ENDPOINT: "imds" },
    { AWS_EC2_METADATA_SERVICE_ENDPOINT: "file:///etc/passwd" },
  ])("with %j not at all", async (environment) => {
    const refusal = await refusalOf(resolve({ AWS_EC2_METADATA_DISABLED: "false", ...environment }));
    expect(refusal.code).toBe("setting_invalid");
  });
});

test("a proxy of the process is not asked", async () => {
  const proxy = startEndpoint(() => new Response("", { status: 502 }));
  try {
    const module = new URL("../../../lib/aws/credentials.ts", import.meta.url).pathname;
    const script = `
      import { resolveCredentials } from ${JSON.stringify(module)};
      const { accessKeyId } = await resolveCredentials(process.env, "eu-west-1", AbortSignal.timeout(5000));
      process.stdout.write(accessKeyId);`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: { ...here(), HTTP_PROXY: proxy.url, http_proxy: proxy.url },
      stdout: "pipe",
      stderr: "inherit",
    });
    expect(await child.stdout.text()).toBe("ASIAINSTANCE");
    expect(proxy.requests).toEqual([]);
  } finally {
    await proxy.stop();
  }
});

describe("without credentials the reason is said", () => {
  const failing = (status: number) => () => new Response("<p>an error</p>", { status });
  const answers: readonly (readonly [when: string, Answers, code: string, says: string])[] = [
    ["version 2 is refused", { "/latest/api/token": failing(403) }, "credentials_missing", "HTTP 403"],
    [
      "the instance has no role",
      { [ROLES]: failing(404) },
      "credentials_missing",
      "the instance has no role",
    ],
    [
      "the list of roles is empty",
      { [ROLES]: () => new Response("\n") },
      "credentials_missing",
      "the instance has no role",
    ],
    ["no session is given now", { "/latest/api/token": failing(503) }, "aws_unavailable", "HTTP 503"],
    ["sessions are throttled", { "/latest/api/token": failing(429) }, "aws_unavailable", "HTTP 429"],
    [
      "roles cannot be listed now",
      { [ROLES]: () => new Response("", { status: 503 }) },
      "aws_unavailable",
      "HTTP 503",
    ],
    ["roles cannot be listed", { [ROLES]: failing(500) }, "aws_unavailable", "HTTP 500"],
    ["the role's keys cannot be had", { [`${ROLES}my%20node`]: failing(500) }, "aws_unavailable", "HTTP 500"],
    [
      "the role's keys are none",
      { [`${ROLES}my%20node`]: () => Response.json({ Code: "Failed" }) },
      "aws_unavailable",
      "an answer without credentials",
    ],
  ];
  test.each(answers)("when %s", async (_when, override, code, says) => {
    overrides = override;
    expect(await refusalOf(resolve(here()))).toEqual({ code, message: expect.stringContaining(says) });
  });

  test("when nobody is there", async () => {
    const nobody = { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1" };
    expect(await refusalOf(resolve(nobody))).toEqual({
      code: "credentials_missing",
      message: expect.stringContaining("no instance metadata at 127.0.0.1:1"),
    });
  });

  test("after a second when nobody answers, and sooner when the whole time is over", async () => {
    overrides = { "/latest/api/token": () => new Promise(() => {}) };
    const start = performance.now();
    expect(await refusalOf(resolve(here()))).toMatchObject({ code: "credentials_missing" });
    expect(performance.now() - start).toBeGreaterThan(900);
    expect(await refusalOf(resolve(here(), { timeoutMs: 100 }))).toEqual({
      code: "aws_unavailable",
      message: expect.stringContaining("no answer in time"),
    });
  });
});
