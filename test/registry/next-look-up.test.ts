/** What a look-up spares the next one of the same repository, and whom it spares nothing. Through the front door. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { addPullSecret, admitted, type PodPulls } from "../registry-server/pods.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

const TOKEN_SECONDS = 300;

describe.each(["basic", "bearer"] as const)("a registry with %s authentication", (kind) => {
  const passwords: Record<string, string> = { alice: "wonderland", bob: "builder" };
  const challenged =
    kind === "basic" ? ["manifest 401", "manifest 200"] : ["manifest 401", "token 200", "manifest 200"];
  let world: World;
  let aheadMs = 0;
  let images = 0;

  beforeAll(async () => {
    const users = (user: string, password: string) => passwords[user] === password;
    world = await startWorld({
      registry: { auth: { kind, users, tokenSeconds: TOKEN_SECONDS }, now: () => Date.now() + aheadMs },
      environment: { DEBUG: "true" },
    });
    for (const username of ["alice", "bob"]) {
      addPullSecret(world, username, world.registry, { username, password: passwords[username] ?? "" });
    }
    addPullSecret(world, "guessed", world.registry, { username: "alice", password: "looking-glass" });
  });
  afterAll(() => world.stop());

  /** What is asked for an image that nobody has asked for before, and what becomes of the Pod. */
  async function look(repository: string, pulls: PodPulls = { secrets: ["alice"] }) {
    images += 1;
    const tag = `tag-${images}`;
    world.registry.pushImage(repository, tag, { Cmd: [tag] });
    const before = world.registry.requests.length;
    const { args, denied } = await admitted(world, `${world.registry.host}/${repository}:${tag}`, pulls);
    const asked = world.registry.requests.slice(before).map(({ path, status }) => {
      const part = path === "/token" ? "token" : path.includes("/manifests/") ? "manifest" : "blob";
      return `${part} ${status}`;
    });
    return { asked, denied, admitted: args?.[0] === tag };
  }
  const ADMITTED = { admitted: true, denied: undefined };

  test("lets the next look-up in at once", async () => {
    expect(await look("team/next")).toEqual({ ...ADMITTED, asked: [...challenged, "blob 200"] });
    expect(await look("team/next")).toEqual({ ...ADMITTED, asked: ["manifest 200", "blob 200"] });
  });

  test.each<[string, string, PodPulls]>([
    ["another repository", "team/other", { secrets: ["alice"] }],
    ["other credentials", "team/one", { secrets: ["bob"] }],
    [
      "who does not verify it",
      "team/one",
      { secrets: ["alice"], annotations: { "piggysec.com/image-skip-verify-registry": "true" } },
    ],
  ])("is asked by %s as if nobody had been there", async (_, repository, pulls) => {
    await look("team/one");
    expect(await look(repository, pulls)).toEqual({ ...ADMITTED, asked: [...challenged, "blob 200"] });
  });

  test.each([
    ["no credentials", []],
    ["another password", ["guessed"]],
  ])("lets nobody in with %s", async (_, secrets) => {
    await look("team/secret");
    const { admitted: isAdmitted, denied } = await look("team/secret", { secrets });
    expect([isAdmitted, denied]).toEqual([false, expect.stringContaining("Set command on the container")]);
  });

  test.each([401, 403])("that answers %d all at once is asked anew", async (status) => {
    await look("team/anew");
    world.registry.failNext({ status, times: 1 });
    const asked = [`manifest ${status}`, ...challenged, "blob 200"];
    expect(await look("team/anew")).toEqual({ ...ADMITTED, asked });
    expect((await look("team/anew")).asked).toEqual(["manifest 200", "blob 200"]);
  });

  test("that lets somebody in no more is heard, and so it is when it does again", async () => {
    await look("team/changed");
    passwords["alice"] = "through-the-looking-glass";
    // With tokens it is when the last is over.
    aheadMs += TOKEN_SECONDS * 1_000;
    const { admitted: isAdmitted, denied } = await look("team/changed");
    expect([isAdmitted, denied]).toEqual([false, expect.stringContaining("1 stored credentials tried")]);
    passwords["alice"] = "wonderland";
    expect(await look("team/changed")).toEqual({ ...ADMITTED, asked: [...challenged, "blob 200"] });
  });

  test("is not written about with what it was shown", () => {
    expect(world.webhook.output()).toContain('"level":"debug"');
    expect(world.webhook.output()).not.toMatch(/wonderland|builder|looking-glass|Basic |Bearer /);
  });
});
