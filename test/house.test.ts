/** The arrows between the rooms: which may import which. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  readonly from: string;
  /** A file of ours, relative to the root, or a package's name. */
  readonly to: string;
  readonly isTypeOnly: boolean;
  /** Loaded when it is reached, not before. */
  readonly isDynamic: boolean;
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)|^import\s+"([^"]+)"/gm;

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function importsOf(file: string): readonly Import[] {
  return [...textOf(file).matchAll(IMPORT)].map(([, type, statement, dynamic, bare]) => {
    const target = statement ?? dynamic ?? bare ?? "";
    const to = target.startsWith(".") ? normalize(join(dirname(file), target)) : target;
    return { from: file, to, isTypeOnly: type !== undefined, isDynamic: dynamic !== undefined };
  });
}

function filesIn(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`),
  );
}

const sources = ["server.ts", "injector.ts", "explain.ts", "check.ts", ...filesIn(["lib"])];
const imports = sources.flatMap(importsOf);

const EXPORTED_VALUE = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;
/** Names in braces, before `from` or before an import that waits. */
const TAKEN = /\{([^{}]*)\}\s*(?:from\s+|=\s*await\s+import\()"(\.[^"]+)"/g;
/** All of a file, by one name. */
const TAKEN_WHOLE = /\* as (\w+) from "(\.[^"]+)"/g;
const TAKEN_AT_ONCE = /import\("(\.[^"]+)"\)\)\.(\w+)/g;

/** What a file takes of others, each as FILE NAME. */
function namesTaken(file: string): readonly string[] {
  const text = textOf(file);
  const at = (path: string, name: string) => `${normalize(join(dirname(file), path))} ${name}`;
  return [
    ...[...text.matchAll(TAKEN)].flatMap(([, names = "", path = ""]) =>
      names.split(",").map((name) => at(path, /^\s*(?:type )?(\w*)/.exec(name)?.[1] ?? "")),
    ),
    ...[...text.matchAll(TAKEN_WHOLE)].flatMap(([, all = "", path = ""]) =>
      [...text.matchAll(new RegExp(`\\b${all}\\.(\\w+)`, "g"))].map(([, name = ""]) => at(path, name)),
    ),
    ...[...text.matchAll(TAKEN_AT_ONCE)].map(([, path = "", name = ""]) => at(path, name)),
  ];
}

/** `lib/ROOM/…` is of that room; a file of lib itself is vocabulary, which everybody shares. */
function roomOf(file: string): string {
  if (!file.includes("/")) return "entry point";
  const [, room, rest] = file.split("/");
  return rest === undefined ? "vocabulary" : (room ?? "");
}

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  vocabulary: [],
  reference: [],
  admission: ["reference"],
  secrets: ["reference"],
  aws: [],
  certificates: [],
  registry: [],
  kubernetes: [],
  metrics: [],
  http: ["admission", "secrets", "metrics"],
  explain: ["admission", "reference"],
  check: [],
  wiring: ["admission", "aws", "certificates", "http", "kubernetes", "registry", "secrets"],
  injector: ["reference", "aws"],
};

const isOurs = ({ to }: Import) => to.endsWith(".ts");

describe("the arrows between the rooms go one way", () => {
  test.each(Object.keys(MAY_IMPORT))("%s imports only what it may", (room) => {
    const allowed = [room, "vocabulary", ...(MAY_IMPORT[room] ?? [])];
    const inRoom = imports.filter((entry) => roomOf(entry.from) === room);
    const wrong = inRoom.filter(isOurs).filter(({ to }) => !allowed.includes(roomOf(to)));
    expect(inRoom.length + Number(room === "reference")).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  test("every room of lib is one of these", () => {
    const rooms = new Set(sources.map(roomOf));
    expect([...rooms].sort()).toEqual([...Object.keys(MAY_IMPORT), "entry point"].sort());
  });

  test.each(Object.keys(MAY_IMPORT))("%s imports all that it may", (room) => {
    const inRoom = imports.filter((entry) => roomOf(entry.from) === room).filter(isOurs);
    const rooms = new Set(inRoom.map(({ to }) => roomOf(to)));
    expect((MAY_IMPORT[room] ?? []).filter((allowed) => !rooms.has(allowed))).toEqual([]);
  });

  test("http goes into a room by its doors alone", () => {
    const entered = imports.filter(({ from }) => roomOf(from) === "http").map(({ to }) => to);
    const inside = entered.filter((to) => ["admission", "secrets"].includes(roomOf(to)));
    expect([...new Set(inside)].sort()).toEqual([
      "lib/admission/admit.ts",
      "lib/admission/glance.ts",
      "lib/admission/review.ts",
      "lib/admission/world.ts",
      "lib/secrets/answer.ts",
      "lib/secrets/unresolved.ts",
    ]);
  });

  test("every import of ours leads to a file", () => {
    expect(imports.filter(isOurs).filter(({ to }) => !existsSync(join(ROOT, to)))).toEqual([]);
  });
});

/** What a start of the program loads: what it reaches without an import that waits to be reached. */
function reachedFrom(entry: string, isFollowed: (entry: Import) => boolean): ReadonlySet<string> {
  const reached = new Set<string>();
  const follow = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const each of imports) {
      if (each.from === file && isOurs(each) && !each.isTypeOnly && isFollowed(each)) follow(each.to);
    }
  };
  follow(entry);
  return reached;
}

/** A table is as long as there are rows. */
const AS_LONG_AS_IT_IS = ["lib/settings.ts"];
const LONGEST_FILE = 250;

describe("a file of the house", () => {
  test("is of one of the two programs", () => {
    const reached = new Set<string>();
    const follow = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { from, to } of imports) if (from === file) follow(to);
    };
    follow("server.ts");
    follow("injector.ts");
    expect(sources.filter((file) => !reached.has(file))).toEqual([]);
  });

  test("does not load itself by way of others", () => {
    const loaded = Map.groupBy(
      imports.filter((entry) => isOurs(entry) && !entry.isTypeOnly),
      ({ from }) => from,
    );
    const circles: string[] = [];
    const followed = new Set<string>();
    const follow = (file: string, way: readonly string[]) => {
      if (way.includes(file)) circles.push([...way, file].join(" → "));
      if (followed.has(file)) return;
      followed.add(file);
      for (const { to } of loaded.get(file) ?? []) follow(to, [...way, file]);
    };
    for (const file of sources) follow(file, []);
    expect(circles).toEqual([]);
  });

  test("is not too long to be one idea", () => {
    const linesOf = (file: string) => textOf(file).split("\n").length - 1;
    const tooLong = sources.filter((file) => linesOf(file) > LONGEST_FILE);
    expect(tooLong).toEqual(AS_LONG_AS_IT_IS);
  });

  test("is named after what it holds", () => {
    expect(sources.filter((file) => /\b(?:utils?|helpers?|common|manager)\b/.test(file))).toEqual([]);
  });

  test("exports no value that nobody imports", () => {
    const exported = sources.flatMap((file) =>
      [...textOf(file).matchAll(EXPORTED_VALUE)].map(([, name = ""]) => `${file} ${name}`),
    );
    const taken = new Set([...sources, ...filesIn(["test", "scripts", "bench", "demo"])].flatMap(namesTaken));
    expect(exported.length).toBeGreaterThan(100);
    expect(exported.filter((name) => !taken.has(name))).toEqual([]);
  });

  test("has a package for itself, or leaves it to another", () => {
    const packages = imports.filter((entry) => !isOurs(entry) && !/^(?:node:|bun)|\.json$/.test(entry.to));
    const homes = Map.groupBy(packages, ({ to }) => to);
    expect([...homes.keys()]).toContain("jose");
    for (const [name, entries] of homes) {
      expect({ name, files: [...new Set(entries.map(({ from }) => from))].length }).toEqual({
        name,
        files: 1,
      });
    }
  });
});

describe("what the webhook loads at its start", () => {
  const reached = reachedFrom("server.ts", ({ isDynamic }) => !isDynamic);

  test("is its rooms, and nothing of explain's or check's", () => {
    const rooms = new Set([...reached].map(roomOf));
    expect([...rooms]).toContain("http");
    expect([...rooms]).not.toContain("explain");
    expect([...rooms]).not.toContain("check");
    expect([...reached]).not.toContain("lib/yaml.ts");
    expect([...reached]).not.toContain("explain.ts");
  });

  test.each(["explain.ts", "check.ts"])("%s is loaded when it is asked for", (command) => {
    const entries = imports.filter(({ from, to }) => from === "server.ts" && to === command);
    expect(entries.filter(({ isTypeOnly }) => !isTypeOnly)).toMatchObject([{ isDynamic: true }]);
  });
});

describe("what the injector loads is paid for at every start of a container", () => {
  const reached = reachedFrom("injector.ts", () => true);
  const loaded = imports.filter(({ from, isTypeOnly }) => reached.has(from) && !isTypeOnly);

  test("it reaches its own stages and its own transport to AWS", () => {
    expect([...reached]).toContain("lib/injector/proxy.ts");
    expect([...reached]).toContain("lib/aws/signed.ts");
  });

  test("it loads nothing that the server alone needs", () => {
    const rooms = new Set([...reached].map(roomOf));
    expect([...rooms].sort()).toEqual(["aws", "entry point", "injector", "reference", "vocabulary"]);
    for (const file of ["own-credentials", "role-credentials", "clock", "webhook-store"]) {
      expect(sources).toContain(`lib/aws/${file}.ts`);
      expect([...reached]).not.toContain(`lib/aws/${file}.ts`);
    }
  });

  test("it loads what looks names up when that is asked for, and not before", () => {
    const ofDns = (file: string) => file.startsWith("lib/injector/dns/");
    const entries = loaded.filter(({ from, to }) => ofDns(to) && !ofDns(from));
    expect(entries).toMatchObject([{ from: "injector.ts", isDynamic: true }]);
  });

  test("it loads what store entries alone need when a reference names one, and not before", () => {
    const lazy = [
      "lib/aws/parameter-by-path.ts",
      "lib/aws/signed-entry.ts",
      "lib/injector/standalone-entries.ts",
      "lib/injector/unresolved.ts",
    ];
    for (const file of lazy) {
      const entries = loaded.filter(({ from, to }) => to === file && !lazy.includes(from));
      expect(entries).toMatchObject([{ isDynamic: true }]);
    }
    const grammar = loaded.filter(
      ({ from, to }) => /reference\/(entry|store)-/.test(to) && !lazy.includes(from),
    );
    expect(grammar.filter(({ from }) => !from.startsWith("lib/reference/"))).toEqual([]);
  });

  test("it loads what explains a failure of AWS's when there is one, and not before", () => {
    const explaining = ["failure", "sts-failure", "advice"].map((name) => `lib/aws/${name}.ts`);
    const entries = loaded.filter(({ from, to }) => explaining.includes(to) && !explaining.includes(from));
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter(({ isDynamic }) => !isDynamic)).toEqual([]);
  });

  test("it loads what explains why standalone mode has no value when it has none, and not before", () => {
    const explaining = [
      "lib/injector/standalone-failure.ts",
      "lib/reference/missing-key.ts",
      "lib/nearest-names.ts",
    ];
    const entries = loaded.filter(({ from, to }) => explaining.includes(to) && !explaining.includes(from));
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter(({ isDynamic }) => !isDynamic)).toEqual([]);
  });

  test("it loads no package, and no module of Node's", () => {
    const packages = loaded.filter((entry) => !isOurs(entry) && !/^(bun:|package\.json$)/.test(entry.to));
    expect(packages).toEqual([]);
  });
});

test("the webhook loads what makes certificates when it has a CA of its own, and not before", () => {
  const loads = imports.filter(({ to, isTypeOnly }) => to === "@peculiar/x509" && !isTypeOnly);
  expect(loads).toMatchObject([{ from: "lib/certificates/x509.ts", isDynamic: true }]);
});

test("the webhook loads what logs in at ECR when an image is there, and not before", () => {
  const loads = imports.filter(({ to, isTypeOnly }) => to === "@aws-sdk/client-ecr" && !isTypeOnly);
  expect(loads).toMatchObject([{ from: "lib/aws/registry-login.ts", isDynamic: true }]);
});
