import { describe, expect, test } from "bun:test";
import { credentialsFor, parseDockerConfig } from "../../lib/registry/credentials.ts";
import { parseImageName } from "../../lib/registry/image-name.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function read(config: unknown, key = ".dockerconfigjson") {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  return parseDockerConfig(new Map([[key, text]]));
}

/** The credentials in a Secret whose only registry has this entry. */
function readEntry(entry: unknown) {
  return read({ auths: { "example.com": entry } }).map(({ credentials }) => credentials);
}

describe("an entry of a Docker configuration", () => {
  const alice = { username: "alice", password: "wonder:land" };

  test.each<[string, object]>([
    ["has a user name and a password", { ...alice }],
    ["has them as auth", { auth: base64("alice:wonder:land") }],
    ["has them as auth without padding", { auth: base64("alice:wonder:land").replace(/=+$/, "") }],
    ["has both, which agree", { ...alice, auth: base64("alice:wonder:land"), email: "alice@example.com" }],
    [
      "has both, of which the kubelet takes auth",
      { username: "bob", password: "", auth: base64("alice:wonder:land") },
    ],
  ])("is read when it %s", (_, entry) => {
    expect(readEntry(entry)).toEqual([alice]);
  });

  test("may hold other characters than ASCII", () => {
    expect(readEntry({ auth: base64("käthe:pässwörd€") })).toEqual([
      { username: "käthe", password: "pässwörd€" },
    ]);
  });

  test("may have an empty password", () => {
    expect(readEntry({ auth: base64("alice:") })).toEqual([{ username: "alice", password: "" }]);
  });

  test.each<[string, unknown]>([
    ["is empty", {}],
    ["is null", null],
    ["is a text", base64("alice:wonderland")],
    ["has a user name alone", { username: "alice" }],
    ["has an empty user name", { username: "", password: "wonderland" }],
    ["has an auth without a colon", { auth: base64("alice") }],
    ["has an auth without a user name", { auth: base64(":wonderland") }],
    ["has an auth that is a number", { auth: 1 }],
  ])("is left out when it %s", (_, entry) => {
    expect(readEntry(entry)).toEqual([]);
  });
});

describe("a Secret", () => {
  const auths = { "example.com": { username: "alice", password: "a" } };

  test("may be of the older type, which has the entries at its top", () => {
    expect(read(auths, ".dockercfg")).toEqual(read({ auths }));
    expect(read(auths, ".dockercfg")).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ["is not JSON", "{"],
    ["is a list", []],
    ["has no auths", {}],
    ["has auths that are a list", { auths: [] }],
    ["has its entries where only the older type has them", auths],
  ])("has no entries when it %s", (_, config) => {
    expect(read(config)).toEqual([]);
  });

  test("of another type has no entries", () => {
    expect(parseDockerConfig(new Map([["password", "a"]]))).toEqual([]);
    expect(parseDockerConfig(new Map())).toEqual([]);
  });
});

describe("the credentials for an image", () => {
  const matching = (image: string, ...registries: readonly string[]) => {
    const auths = Object.fromEntries(registries.map((name) => [name, { username: name, password: "p" }]));
    return credentialsFor(parseImageName(image), read({ auths })).map(({ username }) => username);
  };

  test.each<[registry: string, image: string]>([
    ["example.com", "example.com/app"],
    ["https://example.com", "example.com/app"],
    ["http://example.com/", "example.com/app"],
    ["https://example.com/v1/", "example.com/app"],
    ["https://example.com/v2", "example.com/app"],
    ["example.com:5000", "example.com:5000/app"],
    ["example.com/team", "example.com/team/app"],
    ["example.com/team/app", "example.com/team/app:1"],
    ["example.com/team/", "example.com/team/app"],
    ["example.com/team", "example.com/teamster/app"],
    ["https://example.com/v2/team", "example.com/team/app"],
    ["*.example.com", "eu.example.com/app"],
    ["*.example.com:5000", "eu.example.com:5000/app"],
    ["reg-*.example.com", "reg-eu.example.com/app"],
    ["*.*.example.com/team", "a.b.example.com/team/app"],
    ["reg?.example.com", "reg1.example.com/app"],
    ["reg-[ae][^x].example.com:5000", "reg-eu.example.com:5000/app"],
    ["[2001:db8::1]:5000", "[2001:db8::1]:5000/app"],
    ["docker.io", "nginx"],
    ["index.docker.io", "grafana/grafana"],
    ["https://index.docker.io/v1/", "nginx"],
    ["docker.io/library", "nginx"],
  ])("stored for %s are those of %s", (registry, image) => {
    expect(matching(image, registry)).toEqual([registry]);
  });

  test.each<[registry: string, image: string]>([
    ["example.com", "example.com.evil.test/app"],
    ["example.com", "eu.example.com/app"],
    ["example.com", "example.com:5000/app"],
    ["example.com:5000", "example.com/app"],
    ["example.com:5000", "example.com:5001/app"],
    ["example.*", "example.com:5000/app"],
    ["*", "registry:5000/app"],
    ["example.com/team", "example.com/other/app"],
    ["example.com/team/app", "example.com/team"],
    ["example.com/team/", "example.com/teamster/app"],
    ["reg?.example.com", "reg10.example.com/app"],
    ["reg[12].example.com", "reg3.example.com/app"],
    ["reg[12.example.com", "reg1.example.com/app"],
    ["index.docker.io/library", "nginx"],
    ["*.example.com", "example.com/app"],
    ["*.example.com", "a.b.example.com/app"],
    ["exampleXcom", "example.com/app"],
    ["ex.mple.com", "example.com/app"],
    ["*", "example.com/app"],
    ["docker.io", "example.com/docker.io/app"],
    ["index.docker.io", "quay.io/app"],
    ["", "nginx"],
  ])("stored for %p are not those of %s", (registry, image) => {
    expect(matching(image, registry)).toEqual([]);
  });

  test("are tried from the most special entry to the most general", () => {
    const stored = ["*.example.com", "eu.example.com", "eu.example.com/team/app", "eu.example.com/team"];
    expect(matching("eu.example.com/team/app", ...stored)).toEqual([
      "eu.example.com/team/app",
      "eu.example.com/team",
      "eu.example.com",
      "*.example.com",
    ]);
  });

  test("of entries of one name are tried in the order in which they come", () => {
    const entries = ["first", "second", "third"].flatMap((username) =>
      read({ auths: { "example.com": { username, password: "p" } } }),
    );
    const found = credentialsFor(parseImageName("example.com/app"), entries);
    expect(found.map(({ username }) => username)).toEqual(["first", "second", "third"]);
  });

  test("that are stored for Docker Hub's older name count where there are none for the newer", () => {
    expect(matching("nginx", "https://index.docker.io/v1/", "docker.io")).toEqual(["docker.io"]);
  });
});
