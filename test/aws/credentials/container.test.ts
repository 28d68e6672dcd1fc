/** ECS tasks and EKS Pod Identity, by HTTP. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Send, sendByFetch } from "../../../lib/aws/send.ts";
import { PiggyError } from "../../../lib/error.ts";
import { type Endpoint, startEndpoint } from "./endpoint.ts";
import { type Home, makeHome } from "./home.ts";
import { refusalOf, resolve } from "./resolve.ts";

const ISSUED = {
  AccessKeyId: "ASIACONTAINER",
  SecretAccessKey: "container/secret",
  Token: "session",
  Expiration: new Date(Date.now() + 3_600_000).toISOString(),
};
const FOUND = {
  accessKeyId: ISSUED.AccessKeyId,
  secretAccessKey: ISSUED.SecretAccessKey,
  sessionToken: ISSUED.Token,
};

let agent: Endpoint;
let home: Home;
let answer: () => Response | Promise<Response>;
beforeEach(async () => {
  answer = () => Response.json(ISSUED);
  agent = startEndpoint(() => answer());
  home = await makeHome();
});
afterEach(async () => {
  await agent.stop();
  await home.remove();
});

const full = (path = "/v1/credentials") => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url + path });

/** Stands in for the addresses that only a node has: whatever is asked, the agent answers. */
const asked: { readonly url: string; readonly proxy: false | undefined }[] = [];
const onTheNode: Send = (url, init) => {
  asked.push({ url: url.href, proxy: init.proxy });
  return sendByFetch(new URL(url.pathname + url.search, agent.url), init);
};
beforeEach(() => {
  asked.length = 0;
});

describe("the container's endpoint gives credentials", () => {
  test("of a Pod Identity, with the token of the file, which wins over the variable", async () => {
    const file = await home.write("eks-pod-identity-token", "the-token\n");
    const found = await resolve({
      ...full(),
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "another",
    });
    expect(found).toEqual(FOUND);
    expect(agent.requests.map(({ headers }) => headers.get("authorization"))).toEqual(["the-token"]);
  });

  test("with the token of the variable", async () => {
    await resolve({ ...full(), AWS_CONTAINER_AUTHORIZATION_TOKEN: "Basic abcd" });
    expect(agent.requests[0]?.headers.get("authorization")).toBe("Basic abcd");
  });

  test("without a token", async () => {
    await resolve(full("/v1/credentials?a=1"));
    expect(agent.requests[0]?.headers.has("authorization")).toBe(false);
    expect(agent.requests[0]?.url).toEndWith("/v1/credentials?a=1");
  });

  test("of an ECS task, whose relative URI wins over the full one", async () => {
    const AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/v2/credentials/4711";
    const environment = { ...full(), AWS_CONTAINER_CREDENTIALS_RELATIVE_URI };
    expect(await resolve(environment, { send: onTheNode })).toEqual(FOUND);
    expect(asked).toEqual([{ url: "http://169.254.170.2/v2/credentials/4711", proxy: false }]);
  });
});

describe("the full URI", () => {
  test.each([
    ["http://169.254.170.2/x", false],
    ["http://169.254.170.23/v1/credentials", false],
    ["http://[fd00:ec2::23]/v1/credentials", false],
    ["http://localhost:8080/x", false],
    ["http://127.0.0.1:8080/x", false],
    ["http://127.255.0.7/x", false],
    ["http://[::1]/x", false],
    ["http://[0:0:0:0:0:0:0:1]/x", false],
    ["https://169.254.170.23/x", false],
    ["https://vault.example/x", undefined],
  ] as const)("%s is asked, a near one past any proxy", async (AWS_CONTAINER_CREDENTIALS_FULL_URI, proxy) => {
    await resolve({ AWS_CONTAINER_CREDENTIALS_FULL_URI }, { send: onTheNode });
    expect(asked).toEqual([{ url: new URL(AWS_CONTAINER_CREDENTIALS_FULL_URI).href, proxy }]);
  });

  test.each([
    "http://vault.example/x",
    "http://169.254.170.3/x",
    "http://169.254.169.254/x",
    "http://10.0.0.1/x",
    "http://127.0.0.1.evil.example/x",
    "http://localhost.evil.example/x",
    "http://[::2]/x",
    "http://127.0.0.1@evil.example/x",
    "ftp://127.0.0.1/x",
    "vault",
  ])("%s is refused before a token is sent", async (AWS_CONTAINER_CREDENTIALS_FULL_URI) => {
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "the-token",
    };
    const refusal = await refusalOf(resolve(environment, { send: onTheNode }));
    expect(refusal).toEqual({
      code: "setting_invalid",
      message: expect.stringContaining("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    });
    expect(asked).toEqual([]);
  });

  test("that leads elsewhere is not followed", async () => {
    const elsewhere = startEndpoint(() => Response.json(ISSUED));
    try {
      answer = () => Response.redirect(elsewhere.url, 302);
      expect(await refusalOf(resolve(full()))).toMatchObject({ code: "aws_unavailable" });
      expect(elsewhere.requests).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });
});

test("the relative URI cannot become another host", async () => {
  const AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "@evil.example/x";
  const refusal = await refusalOf(resolve({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI }, { send: onTheNode }));
  expect(refusal.code).toBe("setting_invalid");
  expect(asked).toEqual([]);
});

describe("without credentials the reason is said", () => {
  const refused = { code: "AccessDeniedException", message: "Pod is not associated" };
  const repeating = { ...refused, message: `${refused.message}\nAuthorization: the-token` };
  const answers: readonly (readonly [when: string, () => Response, code: string, says: string])[] = [
    [
      "the agent refuses",
      () => Response.json(refused, { status: 400 }),
      "aws_access_denied",
      refused.message,
    ],
    [
      "the agent repeats the request",
      () => Response.json(repeating, { status: 400 }),
      "aws_access_denied",
      refused.message,
    ],
    ["the agent refuses without a word", () => new Response("", { status: 403 }), "aws_access_denied", "403"],
    ["the agent throttles", () => new Response("", { status: 429 }), "aws_throttled", "HTTP 429"],
    ["the agent fails", () => new Response("<p>", { status: 500 }), "aws_unavailable", "HTTP 500"],
    ["the answer is no JSON", () => new Response("hello"), "aws_unavailable", "without credentials"],
    [
      "the answer has no keys",
      () => Response.json({ ...ISSUED, SecretAccessKey: undefined }),
      "aws_unavailable",
      "without credentials",
    ],
  ];
  test.each(answers)("when %s", async (_when, respond, code, says) => {
    answer = respond;
    const refusal = await refusalOf(resolve(full()));
    expect(refusal).toEqual({ code, message: expect.stringContaining(says) });
    expect(refusal.message).not.toContain("the-token");
  });

  test("when nobody listens", async () => {
    const nobody = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:1/x" };
    expect(await refusalOf(resolve(nobody))).toEqual({
      code: "aws_unavailable",
      message: expect.stringContaining("127.0.0.1:1"),
    });
  });

  test("when its certificate is not accepted", async () => {
    const send = () => Promise.reject(new PiggyError("peer_untrusted", "a certificate of somebody else"));
    expect(await refusalOf(resolve(full(), { send }))).toMatchObject({ code: "aws_untrusted" });
  });

  test("when there is no answer in time", async () => {
    answer = () => new Promise(() => {});
    expect(await refusalOf(resolve(full(), { timeoutMs: 150 }))).toEqual({
      code: "aws_unavailable",
      message: expect.stringContaining("no answer in time"),
    });
  });

  test("when the token's file is not there", async () => {
    const environment = { ...full(), AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/nowhere/token" };
    expect(await refusalOf(resolve(environment))).toEqual({
      code: "credentials_missing",
      message: expect.stringContaining("/nowhere/token"),
    });
    expect(agent.requests).toEqual([]);
  });

  test("when the token would be two headers", async () => {
    const file = await home.write("token", "one\r\nx-two: three");
    const environment = { ...full(), AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file };
    const refusal = await refusalOf(resolve(environment));
    expect(refusal).toEqual({ code: "setting_invalid", message: expect.stringContaining("line break") });
    expect(agent.requests).toEqual([]);
  });
});
