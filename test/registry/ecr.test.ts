/** Private images of ECR, looked up as the webhook's own AWS identity. Names of AWS lead to fakes by a proxy. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containerOf, mutate, podWith } from "../admission/mutation.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type ProxyFake, startProxy } from "../fakes/proxy.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { scrape } from "../metrics/scrape.ts";
import { startWebhook } from "../support/webhook.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(120_000);

const IRELAND = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
const GOVERNMENT = "444455556666.dkr.ecr-fips.us-gov-west-1.amazonaws.com";
const STORE = "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com";
const API = "api.ecr.eu-west-1.amazonaws.com";
const FIPS_API = "api.ecr-fips.us-gov-west-1.amazonaws.com";
const MAY_LOG_IN = { accessKeyId: "AKIALOGIN", secretAccessKey: "login-secret-key" };
const MAY_NOTHING = { accessKeyId: "AKIANOTHING", secretAccessKey: "nothing-secret-key", allow: [] };

let world: World;
let aws: AwsFake;
let registry: RegistryFake;
let proxy: ProxyFake;
let directory: string;

beforeAll(async () => {
  world = await startWorld();
  const names = [IRELAND, GOVERNMENT, STORE, API, FIPS_API, "localhost"];
  const tls = await world.authority.issue({ names });
  aws = await startAws({ tls });
  aws.addUser(MAY_LOG_IN);
  aws.addUser(MAY_NOTHING);
  const accepts = (user: string, password: string) =>
    ["eu-west-1", "us-gov-west-1"].some((region) => aws.acceptsLogin(region, user, password));
  registry = startRegistry({
    tls,
    auth: { kind: "basic", users: accepts },
    redirectBlobs: `https://${STORE}`,
  });
  registry.pushImage("team/app", "1", { Entrypoint: ["/bin/app"] });
  const awsPort = Number(new URL(aws.url).port);
  const registryPort = Number(new URL(registry.url).port);
  proxy = startProxy({
    [`${IRELAND}:443`]: registryPort,
    [`${GOVERNMENT}:443`]: registryPort,
    [`${STORE}:443`]: registryPort,
    [`${API}:443`]: awsPort,
    [`${FIPS_API}:443`]: awsPort,
  });
  directory = await mkdtemp(join(tmpdir(), "piggy-ecr-"));
  await writeFile(join(directory, "ca.crt"), world.authority.pem);
});
afterAll(async () => {
  await Promise.all([proxy.stop(), registry.stop(), aws.stop(), world.stop()]);
  await rm(directory, { recursive: true });
});

/** A webhook that knows nobody, with the given AWS identity. */
async function started(
  identity?: { readonly accessKeyId: string; readonly secretAccessKey: string },
  environment: Readonly<Record<string, string>> = {},
): Promise<World> {
  const { AWS_ENDPOINT_URL: _url, ...rest } = world.environment;
  const webhook = await startWebhook({
    ...rest,
    AWS_ACCESS_KEY_ID: identity?.accessKeyId ?? "",
    AWS_SECRET_ACCESS_KEY: identity?.secretAccessKey ?? "",
    AWS_EC2_METADATA_DISABLED: "true",
    NODE_EXTRA_CA_CERTS: join(directory, "ca.crt"),
    LISTEN_ADDRESS: "127.0.0.1:0",
    HTTPS_PROXY: proxy.url,
    NO_PROXY: "127.0.0.1,localhost",
    ...environment,
  });
  return { ...world, webhook, url: `https://${webhook.address}` };
}

async function running<T>(start: Promise<World>, use: (running: World) => Promise<T>): Promise<T> {
  const running = await start;
  try {
    return await use(running);
  } finally {
    await running.webhook.stop();
  }
}

const podOf = (image: string, annotations: Record<string, string> = {}) =>
  podWith({ image, command: [], imagePullPolicy: "Always" }, { annotations });

/** What reached ECR's API by `call`. */
async function loginsDuring(call: () => Promise<unknown>) {
  const before = aws.requests.length;
  await call();
  return aws.requests.slice(before).filter(({ action }) => action === "GetAuthorizationToken");
}

describe("a private image of ECR", () => {
  test("is looked up as the webhook's AWS identity, in the region of its name", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      const logins = await loginsDuring(async () => {
        const { pod } = await mutate(webhook, podOf(`${IRELAND}/team/app:1`));
        expect(containerOf(pod).args).toEqual(["--", "/bin/app"]);
      });
      expect(logins).toMatchObject([
        { service: "ecr", region: "eu-west-1", accessKeyId: "AKIALOGIN", input: {}, status: 200 },
      ]);
      // Asked again without another login: the kubelet would ask for this tag at every start.
      const again = await loginsDuring(() => mutate(webhook, podOf(`${IRELAND}/team/app:1`)));
      expect(again).toEqual([]);
      expect(webhook.webhook.output()).not.toContain("QVdTOg");
    }));

  test("is looked up by a call to AWS that is counted", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      for (let times = 0; times < 2; times += 1) await mutate(webhook, podOf(`${IRELAND}/team/app:1`));
      const { value } = await scrape(webhook.webhook);
      const logins = { api: "GetAuthorizationToken" };
      expect(value("piggy_aws_requests_total", { ...logins, outcome: "ok" })).toBe(1);
      expect(value("piggy_aws_request_duration_seconds_count", logins)).toBe(1);
    }));

  test("has its config in a bucket, which is not shown the login", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      const before = registry.requests.length;
      await mutate(webhook, podOf(`${IRELAND}/team/app:1`));
      const stored = registry.requests.slice(before).filter(({ path }) => path.startsWith("/storage/"));
      expect(stored).toMatchObject([{ authorization: "none", status: 200 }]);
      expect(proxy.requests.map(({ target }) => target)).toContain(`${STORE}:443`);
    }));

  test("is looked up with a new login where the old one is about to end", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      aws.setLoginSeconds(299);
      const ask = () => mutate(webhook, podOf(`${IRELAND}/team/app:1`));
      expect(await loginsDuring(ask)).toHaveLength(1);
      aws.setLoginSeconds(43_200);
      expect(await loginsDuring(ask)).toHaveLength(1);
      expect(await loginsDuring(ask)).toHaveLength(0);
    }));

  test("is looked up with a login of the FIPS endpoint where its name says so", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      const { allowed } = await mutate(webhook, podOf(`${GOVERNMENT}/team/app:1`));
      expect(allowed).toBe(true);
      expect(proxy.requests.map(({ target }) => target)).toContain(`${FIPS_API}:443`);
    }));

  test("that mirrors another registry's is looked up as that identity too", () =>
    running(
      started(MAY_LOG_IN, { PIGGY_REGISTRY_MIRRORS: `docker.io=https://${IRELAND}/v2/hub` }),
      async (webhook) => {
        registry.pushImage("hub/library/nginx", "1.29", { Entrypoint: ["/mirrored"] });
        const { pod } = await mutate(webhook, podOf("nginx:1.29"));
        expect(containerOf(pod).args).toEqual(["--", "/mirrored"]);
      },
    ));

  test("is asked for with stored credentials first", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      const auths = { [IRELAND]: { username: "AWS", password: "of-yesterday" } };
      world.kubernetes.add({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: "shop", name: "yesterday" },
        stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
      });
      const before = registry.requests.length;
      const annotations = {
        "piggysec.com/image-pull-secret": "yesterday",
        "piggysec.com/image-pull-secret-namespace": "shop",
      };
      const { allowed } = await mutate(webhook, podOf(`${IRELAND}/team/app:1`, annotations));
      expect(allowed).toBe(true);
      const answers = registry.requests.slice(before).map(({ status }) => status);
      // Unknown, refused by yesterday's password; unknown, let in, its config from the bucket.
      expect(answers).toEqual([401, 401, 401, 200, 307, 200]);
    }));
});

test("a public image of ECR needs no AWS identity, but a token that anybody gets", async () => {
  const PUBLIC = "public.ecr.aws";
  const images = startRegistry();
  images.pushImage("alias/app", "1", { Entrypoint: ["/bin/public"] });
  const heard: (string | null)[] = [];
  const { cert, key } = await world.authority.issue({ names: [PUBLIC] });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const authorization = request.headers.get("authorization");
      heard.push(authorization);
      if (pathname === "/token/") {
        const scope = searchParams.get("scope");
        return Response.json({ token: `${searchParams.get("service")} ${scope}`.replaceAll(/[ :/]/g, "-") });
      }
      if (authorization !== "Bearer public.ecr.aws-repository-alias-app-pull") {
        const challenge = `Bearer realm="https://${PUBLIC}/token/",service="${PUBLIC}",scope="aws"`;
        return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
      }
      return fetch(images.url + pathname, { headers: { accept: request.headers.get("accept") ?? "" } });
    },
  });
  const leading = startProxy({ [`${PUBLIC}:443`]: server.port ?? 0 });
  await running(started(undefined, { HTTPS_PROXY: leading.url }), async (webhook) => {
    const { pod } = await mutate(webhook, podOf(`${PUBLIC}/alias/app:1`));
    expect(containerOf(pod).args).toEqual(["--", "/bin/public"]);
  });
  // The first request and the one for the token say nothing of who asks.
  expect(heard.slice(0, 2)).toEqual([null, null]);
  await Promise.all([leading.stop(), images.stop(), server.stop(true)]);
});

describe("a Pod is denied, in words,", () => {
  const denial = async (running: World, image: string, annotations: Record<string, string> = {}) => {
    const { allowed, status } = await mutate(running, podOf(image, annotations));
    expect(allowed).toBe(false);
    expect(status.message).toContain(`image ${image}`);
    return status;
  };

  test("where the webhook has no AWS identity", () =>
    running(started(), async (webhook) => {
      const { code, message } = await denial(webhook, `${IRELAND}/team/app:1`);
      expect(code).toBe(403);
      expect(message).toContain("piggy-webhooks has no AWS credentials");
      expect(message).toContain("Set command on the container");
    }));

  test("where its identity may not log in", () =>
    running(started(MAY_NOTHING), async (webhook) => {
      const { code, message } = await denial(webhook, `${IRELAND}/team/app:1`);
      expect(code).toBe(403);
      expect(message).toContain("ecr:GetAuthorizationToken");
    }));

  test("where ECR refuses the identity the repository", () =>
    running(started(MAY_LOG_IN), async (webhook) => {
      registry.failNext({ status: 403, times: 1 });
      const { code, message } = await denial(webhook, `${IRELAND}/team/app:1`);
      expect(code).toBe(403);
      expect(message).toContain("ecr:BatchGetImage");
      expect(message).toContain("ecr:GetDownloadUrlForLayer");
    }));

  test("and told to come again where ECR cannot answer now", () =>
    running(started(MAY_LOG_IN, { AWS_MAX_ATTEMPTS: "1" }), async (webhook) => {
      aws.failNext({ action: "GetAuthorizationToken", times: 1, status: 400, code: "ThrottlingException" });
      const { code } = await denial(webhook, `${IRELAND}/team/app:1`);
      expect(code).toBe(503);
    }));

  test("where the registry is not who it says to be, whatever the Pod says of verifying", async () => {
    const stranger = await world.authority.issue({ names: ["stranger.example.com"] });
    const impostor = startRegistry({ tls: stranger, auth: { kind: "basic", users: () => true } });
    const port = Number(new URL(impostor.url).port);
    const leading = startProxy({
      [`${IRELAND}:443`]: port,
      [`${API}:443`]: Number(new URL(aws.url).port),
    });
    await running(started(MAY_LOG_IN, { HTTPS_PROXY: leading.url }), async (webhook) => {
      const annotations = { "piggysec.com/image-skip-verify-registry": "true" };
      await denial(webhook, `${IRELAND}/team/app:1`, annotations);
      expect(impostor.requests).toEqual([]);
    });
    await Promise.all([leading.stop(), impostor.stop()]);
  });
});
