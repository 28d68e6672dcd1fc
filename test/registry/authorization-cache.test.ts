/** How a registry let somebody in, kept for the look-ups that come next, seen by the requests that it gets. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createAuthorizationCache } from "../../lib/registry/authorization-cache.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";
import { CONFIG, challenge, manifest, type Origin, redirect, serve, stopServing } from "./origins.ts";

setDefaultTimeout(60_000);

const ALICE = { username: "alice", password: "wonderland" };
const BASIC = `Basic ${Buffer.from("alice:wonderland").toString("base64")}`;
const TOKEN_SECONDS = 300;

const started: RegistryFake[] = [];
afterEach(async () => {
  await Promise.all([stopServing(), ...started.splice(0).map((registry) => registry.stop())]);
});

/** Whoever asks, asks as Alice, of an image that nothing is kept of. */
function asker(origins: readonly { readonly url: string }[], bounds?: { entries: number; bytes: number }) {
  const clock = { now: 0 };
  const authorizations = createAuthorizationCache(() => clock.now, bounds);
  const ask = (image: string, asking: Asking = {}) =>
    askFor(
      image,
      origins.map(({ url }) => url),
      { authorizations, credentials: [ALICE], ...asking },
    );
  return { clock, ask };
}

interface TokenOptions {
  readonly tokenSeconds?: number;
  readonly anonymous?: boolean;
  readonly now?: () => number;
}

function tokensOf({ now = Date.now, ...auth }: TokenOptions = {}): RegistryFake {
  const users = { alice: ALICE.password };
  const registry = startRegistry({
    auth: { kind: "bearer", users, tokenSeconds: TOKEN_SECONDS, ...auth },
    now,
  });
  started.push(registry);
  for (const repository of ["a", "b", "c"]) registry.pushImage(repository, "1", { Cmd: [repository] });
  return registry;
}

const tokensGiven = ({ requests }: RegistryFake) => requests.filter(({ path }) => path === "/token").length;

const image = (path: string) => (path.includes("/manifests/") ? manifest() : new Response(CONFIG));

/** A registry whose tokens come with the given words about their time. */
function tokensWith(time: object): Origin {
  const registry: Origin = serve((path, authorization) => {
    if (path === "/token") return Response.json({ token: "t", ...time });
    return authorization === "Bearer t" ? image(path) : challenge(`Bearer realm="${registry.url}/token"`);
  });
  return registry;
}

const challengesOf = ({ heard }: Origin) =>
  heard.filter(({ path, authorization }) => path !== "/token" && authorization === null).length;

/** What is counted happens at once, and again in so many milliseconds, not one sooner. */
async function expectKept(registry: RegistryFake | Origin, milliseconds: number, count: () => number) {
  const { clock, ask } = asker([registry]);
  for (const [now, counted] of [
    [0, 1],
    [milliseconds - 1, 1],
    [milliseconds, 2],
  ] as const) {
    clock.now = now;
    await ask(`${registry.host}/a:1`);
    expect([now, count()]).toEqual([now, counted]);
  }
}

describe("a token is kept", () => {
  test("until ten seconds before its end, and then renewed before it is refused", async () => {
    const registry = tokensWith({ expires_in: TOKEN_SECONDS });
    await expectKept(registry, 290_000, () => challengesOf(registry));
    expect(registry.heard.map(({ authorization }) => authorization)).toEqual([
      ...[null, BASIC, "Bearer t", "Bearer t"],
      ...["Bearer t", "Bearer t"],
      ...[null, BASIC, "Bearer t", "Bearer t"],
    ]);
  });

  test("no longer where its issuer's clock is ahead", async () => {
    const registry = tokensOf({ now: () => Date.now() + 3_600_000 });
    await expectKept(registry, 290_000, () => tokensGiven(registry));
  });

  test("for ten minutes, however long it is good", async () => {
    const registry = tokensOf({ tokenSeconds: 1e9 });
    await expectKept(registry, 600_000, () => tokensGiven(registry));
  });

  test("from when it was issued, if that was a while ago", async () => {
    const registry = tokensOf({ now: () => Date.now() - 200_000 });
    const { clock, ask } = asker([registry]);
    await ask(`${registry.host}/a:1`);
    clock.now = 80_000;
    await ask(`${registry.host}/a:1`);
    expect(tokensGiven(registry)).toBe(1);
    clock.now = 90_000;
    await ask(`${registry.host}/a:1`);
    expect(tokensGiven(registry)).toBe(2);
  });

  test.each([10, 1, 0, -1])("not at all where it is good for %d s", async (seconds) => {
    const registry = tokensWith({ expires_in: seconds });
    const { ask } = asker([registry]);
    for (let count = 0; count < 2; count += 1) await ask(`${registry.host}/a:1`);
    expect(challengesOf(registry)).toBe(2);
  });

  test.each<[string, object]>([
    ["nothing", {}],
    ["a text", { expires_in: "300" }],
    ["no date", { issued_at: "yesterday" }],
  ])("for 50 seconds where its time is %s", async (_, time) => {
    const registry = tokensWith(time);
    await expectKept(registry, 50_000, () => challengesOf(registry));
  });

  test("as long as there is room", async () => {
    const registry = tokensOf();
    const { ask } = asker([registry], { entries: 2, bytes: 1e6 });
    for (const repository of ["a", "b", "a", "c", "a"]) await ask(`${registry.host}/${repository}:1`);
    expect(tokensGiven(registry)).toBe(3);
    await ask(`${registry.host}/b:1`);
    expect(tokensGiven(registry)).toBe(4);
  });
});

test("that a registry takes the password is kept for ten minutes", async () => {
  const registry = serve((path, authorization) =>
    authorization === BASIC ? image(path) : challenge('Basic realm="r"'),
  );
  await expectKept(registry, 600_000, () => challengesOf(registry));
});

test("what anybody may pull is asked for as nobody by nobody alone", async () => {
  const registry = tokensOf({ anonymous: true });
  const { ask } = asker([registry]);
  for (const credentials of [[], [ALICE], [], [ALICE]]) await ask(`${registry.host}/a:1`, { credentials });
  const tokens = registry.requests.filter(({ path }) => path === "/token");
  expect(tokens.map(({ authorization }) => authorization)).toEqual(["none", "basic"]);
});

describe("nothing is kept where a registry answers what it was shown with", () => {
  test.each([401, 403, 404, 429, 500])("%d", async (status) => {
    const registry: Origin = serve((_, authorization) =>
      authorization === BASIC ? new Response(null, { status }) : challenge('Basic realm="r"'),
    );
    const { ask } = asker([registry]);
    await caught(() => ask(`${registry.host}/a:1`));
    const first = [...registry.heard];
    expect(first.slice(0, 2).map(({ authorization }) => authorization)).toEqual([null, BASIC]);
    await caught(() => ask(`${registry.host}/a:1`));
    expect(registry.heard.slice(first.length)).toEqual(first);
  });
});

describe("what is kept is refused by a registry that", () => {
  /** A registry of tokens, the first of which is refused from the second look-up on as a test says. */
  const refusing = (refused: () => Response) => {
    let given = 0;
    let isOver = false;
    const registry: Origin = serve((path, authorization) => {
      if (path === "/token") {
        given += 1;
        return Response.json({ token: `secret-${given}`, expires_in: TOKEN_SECONDS });
      }
      if (authorization === "Bearer secret-1" && isOver) return refused();
      if (authorization === null) return challenge(`Bearer realm="${registry.url}/token"`);
      return image(path);
    });
    const end = () => {
      isOver = true;
    };
    return { registry, end };
  };

  test.each<[string, () => Response]>([
    ["sends another challenge", () => challenge('Bearer realm="http://127.0.0.1:1/token"')],
    ["sends no challenge", () => new Response(null, { status: 401 })],
    ["says that it is forbidden", () => new Response(null, { status: 403 })],
  ])(
    "%s: it is asked as if nothing had been kept, and the next look-up is spared again",
    async (_, refused) => {
      const { registry, end } = refusing(refused);
      const { ask } = asker([registry]);
      await ask(`${registry.host}/a:1`);
      end();
      const before = registry.heard.length;
      expect((await ask(`${registry.host}/a:1`)).entrypoint).toEqual(["/bin/app"]);
      const shown = registry.heard.slice(before).map(({ authorization }) => authorization);
      expect(shown).toEqual(["Bearer secret-1", null, BASIC, "Bearer secret-2", "Bearer secret-2"]);
      await ask(`${registry.host}/a:1`);
      expect(registry.heard.slice(before + shown.length).map(({ authorization }) => authorization)).toEqual([
        "Bearer secret-2",
        "Bearer secret-2",
      ]);
    },
  );

  test("lets nobody in any more: it is said, without what was shown", async () => {
    let isOver = false;
    const registry: Origin = serve((path, authorization) => {
      if (path === "/token") return Response.json({ token: "secret", expires_in: TOKEN_SECONDS });
      if (isOver) return new Response(null, { status: 403 });
      if (authorization === null) return challenge(`Bearer realm="${registry.url}/token"`);
      return image(path);
    });
    const { ask } = asker([registry]);
    await ask(`${registry.host}/a:1`);
    isOver = true;
    const { code, message } = await caught(() => ask(`${registry.host}/a:1`));
    expect([code, message]).toEqual(["image_unauthorized", expect.stringContaining("answers 403")]);
    expect(message).not.toMatch(/secret|wonderland/);
  });
});

describe("what is kept of a registry that redirects to another origin", () => {
  const storingAt = (storage: Origin) =>
    serve((path, authorization) => {
      if (authorization !== BASIC) return challenge('Basic realm="r"');
      return path.includes("/manifests/") ? manifest() : redirect(`${storage.url}/blob`);
    });

  test("is not taken along", async () => {
    const storage = serve(() => new Response(CONFIG));
    const registry = storingAt(storage);
    const { ask } = asker([registry, storage]);
    for (let count = 0; count < 2; count += 1) await ask(`${registry.host}/a:1`);
    expect(registry.heard.map(({ authorization }) => authorization)).toEqual([null, ...Array(4).fill(BASIC)]);
    expect(storage.heard).toEqual(Array(2).fill({ path: "/blob", authorization: null }));
  });

  test.each([401, 403])("is kept where it is that origin which answers %d", async (status) => {
    let isOut = false;
    const storage = serve(() => (isOut ? new Response(null, { status }) : new Response(CONFIG)));
    const registry = storingAt(storage);
    const { ask } = asker([registry, storage]);
    await ask(`${registry.host}/a:1`);
    isOut = true;
    await caught(() => ask(`${registry.host}/a:1`));
    isOut = false;
    const before = registry.heard.length;
    await ask(`${registry.host}/a:1`);
    expect(registry.heard.slice(before).map(({ authorization }) => authorization)).toEqual([BASIC, BASIC]);
  });

  test("gives that origin no say in who is shown the credentials, refused or not", async () => {
    const collector: Origin = serve((path) =>
      path === "/token" ? Response.json({ token: "t" }) : challenge(`Bearer realm="${collector.url}/token"`),
    );
    let isOver = false;
    const registry = serve((path, authorization) => {
      if (isOver)
        return authorization === null ? redirect(`${collector.url}/m`) : challenge('Basic realm="r"');
      if (authorization === null) return challenge('Basic realm="r"');
      return image(path);
    });
    const { ask } = asker([registry, collector]);
    await ask(`${registry.host}/a:1`);
    isOver = true;
    expect((await caught(() => ask(`${registry.host}/a:1`))).code).toBe("image_unauthorized");
    expect(collector.heard.map(({ path }) => path)).toContain("/m");
    expect(collector.heard.filter(({ authorization }) => authorization !== null)).toEqual([]);
  });
});

test("a mirror of two registries is asked for a token for each of them", async () => {
  const mirror = tokensOf();
  const { ask } = asker([mirror]);
  for (const domain of ["one.example.com", "two.example.com", "one.example.com", "two.example.com"]) {
    await ask(`${domain}/a:1`, { mirrors: `${domain}=${mirror.url}` });
  }
  expect(tokensGiven(mirror)).toBe(2);
});
