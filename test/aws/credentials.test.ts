/** Which source of credentials comes first, and what is loaded for it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { resolveRegion } from "../../lib/aws/region.ts";
import { type Endpoint, startEndpoint } from "./credentials/endpoint.ts";
import { type Home, makeHome } from "./credentials/home.ts";
import { type Issuer, startIssuer, WEB_TOKEN } from "./credentials/issuer.ts";
import { type Environment, refusalOf, resolve } from "./credentials/resolve.ts";

let home: Home;
let issuer: Issuer;
let container: Endpoint;
let instance: Endpoint;
beforeEach(async () => {
  const issued = (accessKeyId: string) => Response.json({ AccessKeyId: accessKeyId, SecretAccessKey: "s" });
  home = await makeHome();
  issuer = startIssuer();
  container = startEndpoint(() => issued("ASIACONTAINER"));
  instance = startEndpoint((_request, { pathname }) => {
    if (pathname.endsWith("token")) return new Response("session");
    return pathname.endsWith("/") ? new Response("node") : issued("ASIAINSTANCE");
  });
  await home.write(
    ".aws/config",
    "[profile named]\naws_access_key_id = AKIANAMED\naws_secret_access_key = s\n",
  );
  await home.write(
    ".aws/credentials",
    "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n",
  );
  await home.write("token", `${WEB_TOKEN}\n`);
});
afterEach(async () => {
  await Promise.all([issuer.stop(), container.stop(), instance.stop()]);
  await home.remove();
});

/** Each source, by the variables that name it. */
const sources = () => ({
  keys: { AWS_ACCESS_KEY_ID: "AKIAENVIRONMENT", AWS_SECRET_ACCESS_KEY: "s" },
  webIdentity: {
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/irsa",
    AWS_WEB_IDENTITY_TOKEN_FILE: `${home.path}/token`,
    AWS_ENDPOINT_URL_STS: issuer.url,
  },
  namedProfile: { HOME: home.path, AWS_PROFILE: "named" },
  defaultProfile: { HOME: home.path },
  container: { AWS_CONTAINER_CREDENTIALS_FULL_URI: container.url },
  instance: { AWS_EC2_METADATA_SERVICE_ENDPOINT: instance.url },
});
type Source = keyof ReturnType<typeof sources>;

const environmentOf = (...names: readonly Source[]): Environment =>
  Object.assign({}, ...names.map((name) => sources()[name]));

describe("the first that there is gives the credentials", () => {
  const order: readonly (readonly [accessKeyId: string, ...sources: Source[]])[] = [
    ["AKIAENVIRONMENT", "keys", "webIdentity", "namedProfile", "container", "instance"],
    ["ASIA:irsa.web", "webIdentity", "namedProfile", "container", "instance"],
    ["AKIANAMED", "namedProfile", "container", "instance"],
    ["AKIADEFAULT", "defaultProfile", "container", "instance"],
    ["ASIACONTAINER", "container", "instance"],
    ["ASIAINSTANCE", "instance"],
  ];
  test.each(order)("%s of %s and those behind it", async (accessKeyId, ...names) => {
    expect(await resolve(environmentOf(...names))).toMatchObject({ accessKeyId });
  });

  test("a session token of the environment goes with its keys", async () => {
    const found = await resolve({ ...environmentOf("keys"), AWS_SESSION_TOKEN: "t" });
    expect(found).toEqual({ accessKeyId: "AKIAENVIRONMENT", secretAccessKey: "s", sessionToken: "t" });
  });

  test("a profile that says nothing about credentials leaves them to the container", async () => {
    await home.write(".aws/config", "[profile plain]\nregion = eu-west-1\n");
    const environment = { ...environmentOf("namedProfile", "container"), AWS_PROFILE: "plain" };
    expect(await resolve(environment)).toMatchObject({ accessKeyId: "ASIACONTAINER" });
  });

  test.each([
    [{ AWS_ACCESS_KEY_ID: "AKIAHALF" }],
    [{ AWS_SECRET_ACCESS_KEY: "half" }],
    [{ AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/half" }],
    [{ AWS_WEB_IDENTITY_TOKEN_FILE: "/half" }],
  ])("half a source is none: %j", async (half) => {
    expect(await resolve({ ...environmentOf("container"), ...half })).toMatchObject({
      accessKeyId: "ASIACONTAINER",
    });
  });

  test("a source that is named and fails ends the search", async () => {
    await container.stop();
    expect(await refusalOf(resolve(environmentOf("container", "instance")))).toMatchObject({
      code: "aws_unavailable",
    });
    expect(instance.requests).toEqual([]);
  });
});

test("without any, one line says what was looked for and what to do", async () => {
  const { code, message } = await refusalOf(resolve({ HOME: "/nowhere" }));
  expect(code).toBe("credentials_missing");
  for (const name of [
    "no AWS credentials",
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "profile default in /nowhere/.aws/config or /nowhere/.aws/credentials",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_DISABLED is true",
    "annotate the service account",
    "set AWS_PROFILE",
  ]) {
    expect(message).toContain(name);
  }
  expect(message).not.toContain("\n");
});

test("without HOME it says so", async () => {
  expect((await refusalOf(resolve({}))).message).toContain("HOME is not set");
});

describe("what is loaded is what is used", () => {
  /** The sources' files that a process has loaded once it has its credentials. */
  async function loadedFor(environment: Environment): Promise<readonly string[]> {
    const room = new URL("../../lib/aws/", import.meta.url).pathname;
    const script = `
      const { resolveCredentials } = await import(${JSON.stringify(`${room}credentials.ts`)});
      await resolveCredentials(process.env, "eu-west-1", AbortSignal.timeout(5000));
      const files = Object.keys(require.cache).filter((file) => file.startsWith(${JSON.stringify(room)}));
      process.stdout.write(JSON.stringify(files.map((file) => file.slice(${room.length})).sort()));`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: { ...environment },
      stdout: "pipe",
      stderr: "inherit",
    });
    const files: readonly string[] = JSON.parse(await child.stdout.text());
    expect(files).toContain("credentials.ts");
    return files.filter((file) => /^credentials\/|^web-identity|^sts/.test(file));
  }

  test("no source for keys of the environment", async () => {
    expect(await loadedFor(environmentOf("keys", "namedProfile"))).toEqual([]);
  });

  test("STS alone for web identity", async () => {
    const loaded = await loadedFor(environmentOf("webIdentity", "namedProfile"));
    expect(loaded).toEqual(["sts.ts", "web-identity.ts"]);
  });

  test("no other source for the container", async () => {
    const own = ["container", "ini", "issued", "profile-files", "search"];
    const loaded = await loadedFor(environmentOf("container"));
    expect(loaded).toEqual(own.map((name) => `credentials/${name}.ts`));
  });
});

describe("the region is that of", () => {
  const profiles = "[default]\nregion = eu-north-1\n[profile dev]\nregion = ap-south-1\n[profile plain]\n";
  beforeEach(() => home.write(".aws/config", profiles));

  const regions: readonly (readonly [of: string, Environment, region: string | undefined])[] = [
    ["AWS_REGION", { AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-2" }, "eu-west-1"],
    ["AWS_DEFAULT_REGION", { AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-2" }, "eu-west-2"],
    ["the profile that AWS_PROFILE names", { AWS_PROFILE: "dev" }, "ap-south-1"],
    ["the default profile", {}, "eu-north-1"],
    ["nobody when the profile has none", { AWS_PROFILE: "plain" }, undefined],
    ["nobody when the profile is not there", { AWS_PROFILE: "nobody" }, undefined],
  ];
  test.each(regions)("%s", async (_of, environment, region) => {
    expect(await resolveRegion({ HOME: home.path, ...environment })).toBe(region);
  });

  test("nobody without files", async () => {
    expect(await resolveRegion({})).toBeUndefined();
  });
});
