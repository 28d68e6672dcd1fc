/** Where the names of registries lead: neither to this machine nor, a moment later, to another place. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { ownAddress } from "../support/own-address.ts";
import { type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";

setDefaultTimeout(60_000);

const NAME = "registry.example.com";
const USERS = { alice: "wonderland" };
const ALICE = { username: "alice", password: USERS.alice };

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority();
});

/** Look-ups that answer from a list, the last answer again and again, and remember what was asked. */
function names(answers: Readonly<Record<string, readonly (readonly string[])[]>>) {
  const asked: string[] = [];
  const lookUp = async (hostname: string) => {
    const earlier = asked.filter((name) => name === hostname).length;
    asked.push(hostname);
    const found = answers[hostname];
    if (found === undefined) throw new Error(`no such name: ${hostname}`);
    return found[earlier] ?? found.at(-1) ?? [];
  };
  return { asked, network: { lookUp } };
}

const ask = (host: string, asking: Asking) =>
  askFor(`${host}/team/app:1`, [], { ca: authority.pem, credentials: [ALICE], ...asking });

describe("a registry whose name leads to this machine or its link is not asked", () => {
  test.each([
    [["127.0.0.1"]],
    [["127.8.9.10"]],
    [["0.0.0.0"]],
    [["169.254.169.254"]],
    [["::1"]],
    [["::"]],
    [["::ffff:127.0.0.1"]],
    [["::ffff:7f00:1"]],
    [["fe80::1"]],
    [["fe80::1%eth0"]],
    [["fd00:ec2::254"]],
    [["64:ff9b::7f00:1"]],
    [["what is no address"]],
    [["192.0.2.1", "127.0.0.1"]],
    [["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "::1"]],
  ])("%j", async (addresses) => {
    const { network } = names({ [NAME]: [addresses] });
    const { code, message } = await caught(() => ask(NAME, { network }));
    expect(code).toBe("image_host_refused");
    expect(message).toContain(`https://${NAME}/v2/team/app/manifests/1`);
    expect(message).toContain("PIGGY_REGISTRY_ORIGINS");
  });
});

test("a registry whose name leads nowhere may be there a moment later", async () => {
  const { network } = names({});
  expect((await caught(() => ask(NAME, { network }))).code).toBe("registry_unavailable");
});

test("an operator's own registry may be on this machine, and its name is not looked up", async () => {
  const registry = startRegistry({ tls: await authority.issue({ names: ["localhost"] }) });
  registry.pushImage("team/app", "1", { Entrypoint: ["/bin/app"] });
  const { asked, network } = names({});
  const image = `${registry.host}/team/app:1`;
  const { entrypoint } = await askFor(image, [registry.url], { ca: authority.pem, network });
  expect(entrypoint).toEqual(["/bin/app"]);
  expect(asked).toEqual([]);
  await registry.stop();
});

describe.skipIf(ownAddress === undefined)("a registry whose name leads elsewhere", () => {
  const address = ownAddress ?? "";
  let registry: RegistryFake;
  beforeAll(async () => {
    registry = startRegistry({
      tls: await authority.issue({ names: [NAME] }),
      at: { address, name: NAME },
      auth: { kind: "bearer", users: USERS },
      redirectBlobs: true,
    });
    registry.pushImage("team/app", "1", { Entrypoint: ["/bin/app"] });
  });
  afterAll(() => registry.stop());

  const asking = (...answers: readonly (readonly string[])[]) => names({ [NAME]: answers });

  test("is looked up once, for its realm and its redirects too, and asked under its name", async () => {
    const { asked, network } = asking([address]);
    const before = registry.requests.length;
    expect(await ask(registry.host, { network })).toEqual({ entrypoint: ["/bin/app"], cmd: [] });
    expect(asked).toEqual([NAME]);
    const paths = registry.requests.slice(before).map(({ path }) => path.split("/")[1]);
    expect(paths).toEqual(["v2", "token", "v2", "v2", "storage"]);
  });

  test("and then to this machine is asked where it led first", async () => {
    const { asked, network } = asking([address], ["127.0.0.1"]);
    expect((await ask(registry.host, { network })).entrypoint).toEqual(["/bin/app"]);
    expect(asked).toEqual([NAME]);
  });

  test("is asked at its next address where the first is of nobody", async () => {
    const { network } = asking(["240.0.0.1", address]);
    expect((await ask(registry.host, { network })).entrypoint).toEqual(["/bin/app"]);
  });

  test("and whose certificate is of another name is not believed", async () => {
    const other = "other.example.com";
    const { network } = names({ [other]: [[address]] });
    const port = new URL(registry.url).port;
    const before = registry.requests.length;
    const { code, message } = await caught(() => ask(`${other}:${port}`, { network }));
    expect(code).toBe("registry_unavailable");
    expect(message).toContain("ALTNAME");
    expect(registry.requests).toHaveLength(before);
  });

  test("and whose realm's name leads here is not asked for a token there", async () => {
    const inside = startRegistry({ tls: await authority.issue({ names: ["inside.example.com"] }) });
    const realm = `https://inside.example.com:${new URL(inside.url).port}/token`;
    const outside = await serving(() => {
      const headers = { "www-authenticate": `Bearer realm="${realm}",service="s"` };
      return new Response(null, { status: 401, headers });
    });
    const { network } = names({ [NAME]: [[address]], "inside.example.com": [["127.0.0.1"]] });
    const { code, message } = await caught(() => ask(outside.host, { network }));
    expect([code, message]).toEqual(["image_host_refused", expect.stringContaining(realm)]);
    expect(inside.requests).toEqual([]);
    await Promise.all([inside.stop(), outside.stop()]);
  });

  test("and redirects to a name that leads here is not followed", async () => {
    const inside = startRegistry({ tls: await authority.issue({ names: ["inside.example.com"] }) });
    const location = `https://inside.example.com:${new URL(inside.url).port}/blob?signature=x`;
    const outside = await serving(() => new Response(null, { status: 307, headers: { location } }));
    const { network } = names({ [NAME]: [[address]], "inside.example.com": [["127.0.0.1"]] });
    const { code, message } = await caught(() => ask(outside.host, { network }));
    expect(code).toBe("image_host_refused");
    expect(message).not.toContain("signature=x");
    expect(inside.requests).toEqual([]);
    await Promise.all([inside.stop(), outside.stop()]);
  });

  test("is asked over one connection, however many requests there are", async () => {
    const ports = new Set<number | undefined>();
    const outside = await serving((request, server) => {
      ports.add(server.requestIP(request)?.port);
      return new Response(null, { status: 404 });
    });
    const { network } = asking([address]);
    for (let count = 0; count < 10; count += 1) await caught(() => ask(outside.host, { network }));
    expect(ports.size).toBe(1);
    await outside.stop();
  });

  async function serving(respond: (request: Request, server: Bun.Server<undefined>) => Response) {
    const { cert, key } = await authority.issue({ names: [NAME] });
    const server = Bun.serve({ hostname: address, port: 0, tls: { cert, key }, fetch: respond });
    return { host: `${NAME}:${server.port}`, stop: () => server.stop(true) };
  }
});
