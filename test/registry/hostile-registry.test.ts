import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ErrorCode } from "../../lib/error.ts";
import { askFor } from "./asking.ts";
import { caught } from "./caught.ts";
import {
  BROKEN,
  CONFIG,
  CONFIG_DIGEST,
  challenge,
  digestOf,
  manifest,
  type Origin,
  redirect,
  serve,
  serveBytes,
  stopServing,
} from "./origins.ts";

setDefaultTimeout(60_000);
afterEach(stopServing);

const ALICE = { username: "alice", password: "wonderland" };
const BASIC = `Basic ${Buffer.from("alice:wonderland").toString("base64")}`;

/** A registry that has the manifest and is told what to answer for its config. */
function registryOf(config: (authorization: string | null) => Response): Origin {
  return serve((path, authorization) => {
    if (authorization !== BASIC) return challenge('Basic realm="registry"');
    return path.includes("/manifests/") ? manifest() : config(authorization);
  });
}

const ask = (registry: Origin, others: readonly Origin[] = []) =>
  askFor(
    `${registry.host}/team/app:1`,
    [registry, ...others].map(({ url }) => url),
    { credentials: [ALICE] },
  );
const refusal = (registry: Origin, others: readonly Origin[] = []) => caught(() => ask(registry, others));

describe("a registry that redirects to another origin", () => {
  test("is followed, but its credentials are not taken along", async () => {
    const storage = serve(() => new Response(CONFIG));
    const registry = registryOf(() => redirect(`${storage.url}/blob?signature=x`));
    expect(await ask(registry, [storage])).toEqual({ entrypoint: ["/bin/app"], cmd: [] });
    expect(storage.heard).toEqual([{ path: "/blob", authorization: null }]);
    expect(registry.heard.at(-1)?.authorization).toBe(BASIC);
  });

  test("is not followed to an origin that may not be asked", async () => {
    const inside = serve(() => new Response(CONFIG));
    const registry = registryOf(() => redirect(`${inside.url}/blob?signature=x`));
    const { code, message } = await refusal(registry);
    expect(code).toBe("image_host_refused");
    expect(message).not.toContain("signature=x");
    expect(inside.heard).toEqual([]);
  });

  test("gives that origin no say in who is shown its credentials", async () => {
    const collector: Origin = serve((path) =>
      path === "/token"
        ? Response.json({ token: "t" })
        : challenge(`Bearer realm="http://${collector.host}/token",service="s"`),
    );
    const registry = registryOf(() => redirect(`${collector.url}/blob`));
    expect((await refusal(registry, [collector])).code).toBe("image_unauthorized");
    expect(collector.heard.filter(({ authorization }) => authorization !== null)).toEqual([]);
  });

  test("is followed back without end no more than three times", async () => {
    const registry: Origin = registryOf(() => redirect(`/v2/team/app/blobs/${CONFIG_DIGEST}`));
    const { code, message } = await refusal(registry);
    expect(code).toBe("registry_unavailable");
    expect(message).toContain("redirects without end");
    expect(registry.heard.filter(({ path }) => path.includes("/blobs/"))).toHaveLength(4);
  });

  test("and names none is not understood", async () => {
    const registry = registryOf(() => new Response(null, { status: 307 }));
    expect((await refusal(registry)).code).toBe("registry_unavailable");
  });
});

describe("a registry whose realm", () => {
  const withRealm = (realm: string) => serve(() => challenge(`Bearer realm="${realm}",service="s"`));

  test.each([
    "http://auth.example.com/token",
    "https://169.254.169.254/latest",
    "https://[::1]/token",
    "file:///etc/passwd",
  ])("is %s is not asked for a token there", async (realm) => {
    const { code, message } = await refusal(withRealm(realm));
    expect(code).toBe("image_host_refused");
    expect(message).toContain(realm);
  });

  test("is missing is not asked for a token anywhere", async () => {
    const registry = serve(() => challenge('Bearer service="s"'));
    expect((await refusal(registry)).code).toBe("image_host_refused");
  });

  test("is another origin that may be asked is shown the credentials there, as registries do", async () => {
    const auth = serve(() => Response.json({ access_token: "from-elsewhere" }));
    const registry = serve((path, authorization) => {
      if (authorization !== "Bearer from-elsewhere") return challenge(`Bearer realm="${auth.url}/token"`);
      return path.includes("/manifests/") ? manifest() : new Response(CONFIG);
    });
    expect((await ask(registry, [auth])).entrypoint).toEqual(["/bin/app"]);
    expect(auth.heard).toEqual([{ path: "/token", authorization: BASIC }]);
  });

  const withTokens = (realm: string) =>
    serve((path, authorization) => {
      if (authorization !== "Bearer t") return challenge(`Bearer realm="${realm}"`);
      return path.includes("/manifests/") ? manifest() : new Response(CONFIG);
    });

  test("answers with an access_token beside an empty token is heard", async () => {
    const auth = serve(() => Response.json({ token: "", access_token: "t" }));
    expect((await ask(withTokens(`${auth.url}/token`), [auth])).entrypoint).toEqual(["/bin/app"]);
  });

  test("redirects within its origin is followed, with the credentials", async () => {
    const auth = serve((path) => (path === "/token" ? redirect("/auth") : Response.json({ token: "t" })));
    expect((await ask(withTokens(`${auth.url}/token`), [auth])).entrypoint).toEqual(["/bin/app"]);
    expect(auth.heard).toEqual([
      { path: "/token", authorization: BASIC },
      { path: "/auth", authorization: BASIC },
    ]);
  });

  test("redirects elsewhere is followed, but the credentials are not taken along", async () => {
    const elsewhere = serve(() => Response.json({ token: "t" }));
    const auth = serve(() => redirect(`${elsewhere.url}/token`));
    const { entrypoint } = await ask(withTokens(`${auth.url}/token`), [auth, elsewhere]);
    expect(entrypoint).toEqual(["/bin/app"]);
    expect(elsewhere.heard).toEqual([{ path: "/token", authorization: null }]);
  });

  test("redirects to an origin that may not be asked is not followed there", async () => {
    const inside = serve(() => Response.json({ token: "t" }));
    const auth = serve(() => redirect(`${inside.url}/token?signature=x`));
    const { code, message } = await refusal(withTokens(`${auth.url}/token`), [auth]);
    expect(code).toBe("image_host_refused");
    expect(message).not.toContain("signature=x");
    expect(inside.heard).toEqual([]);
  });

  test("redirects without end is followed no more than three times", async () => {
    const auth: Origin = serve(() => redirect("/token"));
    expect((await refusal(withTokens(`${auth.url}/token`), [auth])).code).toBe("registry_unavailable");
    expect(auth.heard).toHaveLength(4);
  });

  test.each<[string, () => Response, ErrorCode]>([
    ["is overloaded", () => new Response(null, { status: 429 }), "registry_unavailable"],
    ["fails", () => new Response(null, { status: 502 }), "registry_unavailable"],
    ["refuses", () => new Response(null, { status: 403 }), "image_unauthorized"],
    ["answers with no token", () => Response.json({ hello: "there" }), "image_unauthorized"],
    ["answers with no JSON", () => new Response("<html>"), "image_unauthorized"],
    ["answers with 65 KiB", () => new Response(" ".repeat(65 * 1024)), "image_unsupported"],
  ])("%s gets nothing more", async (_, respond, code) => {
    const auth = serve(respond);
    expect((await refusal(withRealm(`${auth.url}/token`), [auth])).code).toBe(code);
  });
});

describe("a registry that offers several ways in", () => {
  const given = () => Response.json({ token: "t" });
  const refused = () => new Response(null, { status: 403 });
  const withRealm = (
    headers: (bearer: string) => readonly string[],
    accepted: string,
    token: () => Response,
  ) => {
    const auth = serve(token);
    const challenges = headers(`Bearer realm="${auth.url}/token"`).map((header): [string, string] => [
      "www-authenticate",
      header,
    ]);
    const registry = serve((path, authorization) => {
      if (authorization !== accepted) return new Response(null, { status: 401, headers: challenges });
      return path.includes("/manifests/") ? manifest() : new Response(CONFIG);
    });
    return { auth, registry };
  };

  test.each<[string, (bearer: string) => readonly string[]]>([
    ["in one header", (bearer) => [`Negotiate, Basic realm="r", ${bearer}`]],
    ["in several headers", (bearer) => ["Negotiate", 'Basic realm="r"', bearer]],
  ])("%s is answered with a token", async (_, headers) => {
    const { auth, registry } = withRealm(headers, "Bearer t", given);
    expect((await ask(registry, [auth])).entrypoint).toEqual(["/bin/app"]);
    expect(registry.heard.map(({ authorization }) => authorization)).toEqual([null, "Bearer t", "Bearer t"]);
  });

  test.each([
    ["no token is given", refused],
    ["the token is not taken", given],
  ])("is answered with the password where %s", async (_, token) => {
    const { auth, registry } = withRealm((bearer) => [bearer, 'Basic realm="r"'], BASIC, token);
    expect((await ask(registry, [auth])).entrypoint).toEqual(["/bin/app"]);
  });

  test("none of which we know is named by its ways", async () => {
    const registry = serve(() => challenge("Negotiate, Digest realm=x"));
    const { code, message } = await refusal(registry);
    expect(code).toBe("image_unauthorized");
    expect(message).toContain("asks for negotiate, digest authentication");
  });
});

describe("a registry that answers with", () => {
  test("other bytes than the digest is not believed", async () => {
    const forged = JSON.stringify({ config: { Entrypoint: ["/bin/evil"] } });
    const { code, message } = await refusal(registryOf(() => new Response(forged)));
    expect(code).toBe("image_unsupported");
    expect(message).toContain(`other bytes than ${CONFIG_DIGEST}`);
    expect(message).not.toContain("evil");
  });

  test("another manifest than the digest is not believed", async () => {
    const registry = serve(() => manifest());
    const image = `${registry.host}/team/app@${digestOf("something else")}`;
    expect((await caught(() => askFor(image, [registry.url]))).code).toBe("image_unsupported");
  });

  test.each(BROKEN)("an answer that %s may be another later", async (_, bytes) => {
    const { host, url } = serveBytes(bytes);
    const { code, message } = await caught(() => askFor(`${host}/team/app:1`, [url]));
    expect(code).toBe("registry_unavailable");
    expect(message).toContain(url);
    expect(message).not.toMatch(/verbose|fetching/);
  });

  test("a body that breaks after a redirect names who sent it, and not the signature", async () => {
    const [, cut = ""] = BROKEN[0] ?? [];
    const storage = serveBytes(cut);
    const registry = registryOf(() => redirect(`${storage.url}/blob?signature=x`));
    const { message } = await caught(() =>
      askFor(`${registry.host}/team/app:1`, [registry.url, storage.url], { credentials: [ALICE] }),
    );
    expect(message).toContain(storage.url);
    expect(message).not.toContain("signature=x");
  });

  test("a refusal whose body is broken is answered all the same", async () => {
    const auth = serve(() => Response.json({ token: "t" }));
    const registry = serve((path, authorization) => {
      const headers = { "www-authenticate": `Bearer realm="${auth.url}/token"`, "content-encoding": "gzip" };
      if (authorization === null) return new Response("abcde", { status: 401, headers });
      return path.includes("/manifests/") ? manifest() : new Response(CONFIG);
    });
    expect((await ask(registry, [auth])).entrypoint).toEqual(["/bin/app"]);
  });

  test("a body that says to be over 4 MiB is not read", async () => {
    const body = " ".repeat(4 * 1024 * 1024 + 1);
    const { code, message } = await refusal(registryOf(() => new Response(body)));
    expect(code).toBe("image_unsupported");
    expect(message).toContain("more than 4194304 bytes");
  });

  test("a body that never ends is not read to its end", async () => {
    let sent = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 1;
          controller.enqueue(new Uint8Array(64 * 1024));
        },
      });
    expect((await refusal(registryOf(() => new Response(endless())))).code).toBe("image_unsupported");
    expect(sent).toBeLessThan(10_000);
  });

  test.each<[string, () => Response]>([
    ["no JSON", () => new Response("<html>oops</html>")],
    ["a list", () => Response.json([])],
    ["a manifest without a config", () => manifest(undefined)],
    ["a manifest whose config has no digest", () => manifest({ size: 1 })],
    ["a manifest whose config's digest is a number", () => manifest({ digest: 1 })],
    [
      "a manifest whose config goes by a digest that proves nothing",
      () => manifest({ digest: "md5:d41d8cd98f00b204e9800998ecf8427e" }),
    ],
  ])("%s is not understood, and not quoted", async (_, respond) => {
    const { code, message } = await refusal(serve(respond));
    expect(code).toBe("image_unsupported");
    expect(message).not.toContain("oops");
  });
});
