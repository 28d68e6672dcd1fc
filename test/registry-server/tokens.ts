/** Look-ups in a real registry that wants a bearer token from somebody else, as public registries do. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { importPKCS8, SignJWT } from "jose";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import type { World } from "../support/world.ts";
import { addPullSecret, admitted, startWorldOf } from "./pods.ts";
import { pushImages } from "./push.ts";
import { type RegistryServer, startRegistryServer } from "./server.ts";

setDefaultTimeout(60_000);

const SERVICE = "registry.example.com";
const ISSUER = "tokens.example.com";
const PULLER = { username: "puller", password: "pass:word" };
const COMMANDS = { amd64: { Entrypoint: ["/app"] } };

/** Gives tokens by the registry's protocol. Source: distribution documentation, "Token Authentication". */
async function startTokens(
  authority: CertificateAuthority,
  signer: { readonly cert: string; readonly key: string },
) {
  const key = await importPKCS8(signer.key, "ES256");
  const [leaf = ""] = /(?<=-----BEGIN CERTIFICATE-----)[^-]+/.exec(signer.cert) ?? [];
  const sign = (name: string, actions: readonly string[]) =>
    new SignJWT({ access: [{ type: "repository", name, actions }] })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", x5c: [leaf.replaceAll(/\s/g, "")] })
      .setIssuer(ISSUER)
      .setAudience(SERVICE)
      .setSubject("somebody")
      .setIssuedAt()
      .setNotBefore("-1s")
      .setExpirationTime("5m")
      .sign(key);
  const expected = `Basic ${Buffer.from(`${PULLER.username}:${PULLER.password}`).toString("base64")}`;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: await authority.issue({ names: ["127.0.0.1"] }),
    async fetch(request) {
      const query = new URL(request.url).searchParams;
      const [, name = ""] = (query.get("scope") ?? "").split(":");
      const isKnown = request.headers.get("Authorization") === expected;
      const mayPull = query.get("service") === SERVICE && (isKnown || name.startsWith("public/"));
      return Response.json({ token: await sign(name, mayPull ? ["pull"] : []) });
    },
  });
  return { server, url: `https://127.0.0.1:${server.port}`, sign };
}

let tokens: Awaited<ReturnType<typeof startTokens>>;
let registry: RegistryServer;
let world: World;

beforeAll(async () => {
  // The registry is told of who signs; both are verified by one CA.
  const signers = await createCertificateAuthority("tokens-ca");
  const signer = await signers.issue({ names: [ISSUER] });
  registry = await startRegistryServer(async (directory, authority) => {
    tokens = await startTokens(authority, signer);
    const rootcertbundle = join(directory, "signers.crt");
    await writeFile(rootcertbundle, signers.pem);
    return { token: { realm: `${tokens.url}/token`, service: SERVICE, issuer: ISSUER, rootcertbundle } };
  });
  world = await startWorldOf([registry.url, tokens.url], registry.caFile);
  addPullSecret(world, "right", registry, PULLER);
  addPullSecret(world, "wrong", registry, { ...PULLER, password: "guess" });
  for (const repository of ["team/app", "public/app"]) {
    const authorize = async (name: string) => `Bearer ${await tokens.sign(name, ["pull", "push"])}`;
    await pushImages({ registry, authorize, repository, tag: "1", family: "oci", commands: COMMANDS });
  }
});
afterAll(async () => {
  await world?.stop();
  await registry?.stop();
  await tokens?.server.stop(true);
});

const look = (repository: string, secrets: readonly string[]) =>
  admitted(world, `${registry.host}/${repository}:1`, { secrets, architecture: "amd64" });

test("stored credentials are shown to the one who gives tokens", async () => {
  expect(await look("team/app", ["right"])).toEqual({ args: ["/app"] });
});

test("a token serves for what comes next in its repository", async () => {
  expect(await look("team/app", ["right"])).toEqual({ args: ["/app"] });
  const authorize = async (name: string) => `Bearer ${await tokens.sign(name, ["pull", "push"])}`;
  const commands = { amd64: { Entrypoint: ["/next"] } };
  await pushImages({ registry, authorize, repository: "team/app", tag: "next", family: "oci", commands });
  const before = (await registry.requests()).length;
  const pulls = { secrets: ["right"], architecture: "amd64" };
  expect(await admitted(world, `${registry.host}/team/app:next`, pulls)).toEqual({ args: ["/next"] });
  const requests = (await registry.requests()).slice(before);
  expect(requests.filter((request) => request.endsWith("/manifests/next"))).toHaveLength(1);
});

test("what anybody may pull needs none", async () => {
  expect(await look("public/app", [])).toEqual({ args: ["/app"] });
});

test.each([
  ["wrong", ["wrong"], "1 stored credentials tried"],
  ["none", [], "no stored credentials match"],
])("with %s credentials the Pod is denied in words", async (_, secrets, words) => {
  const { denied } = await look("team/app", secrets);
  expect(denied).toContain(`${registry.url} answers 401`);
  expect(denied).toContain(words);
});

test("a realm that was not configured is not shown a password", async () => {
  const careful = await startWorldOf([registry.url], registry.caFile);
  try {
    addPullSecret(careful, "right", registry, PULLER);
    const image = `${registry.host}/team/app:1`;
    const { denied } = await admitted(careful, image, { secrets: ["right"], architecture: "amd64" });
    expect(denied).toContain(tokens.url);
    expect(denied).toContain("PIGGY_REGISTRY_ORIGINS");
  } finally {
    await careful.stop();
  }
});
