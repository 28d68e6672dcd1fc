/**
 * `$(VAR)` where an object sets VAR which was not there at admission: the application gets what the kubelet would have
 * given it, with the references resolved, and never a reference as text.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseValue } from "../../lib/reference/value.ts";
import { containerEnvironment } from "../fakes/kubelet/environment.ts";
import { expand } from "../fakes/kubelet/expansion.ts";
import type { EnvFromSource, EnvVar } from "../fakes/kubernetes/pod.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { ACCOUNT, addAccounts, NAMESPACE, putSecret, SECRET } from "./containers.ts";
import { type MountingWorld, startMountingWorld } from "./mounting.ts";

const SECRETS: Readonly<Record<string, string>> = { K: "kk", L: "l$(A)$$l" };
/** What the image sets itself, and the kubelet knows nothing of. */
const IMAGE = { IMG: "from the image", X: "the image's" };
const IMAGE_OF_A_SERVICE = { DB_SERVICE_HOST: "image" };

let world: MountingWorld;
beforeAll(async () => {
  world = await startMountingWorld({ app: { env: IMAGE }, service: { env: IMAGE_OF_A_SERVICE } });
  addAccounts(world);
  putSecret(world, SECRETS);
});
afterAll(() => world.stop());

interface Manifest {
  readonly image?: "app" | "service";
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFromSource[];
  readonly args?: readonly string[];
}

type Objects = Readonly<Record<string, Readonly<Record<string, string>>>>;

let objects = 0;

/** Admits the container, then makes the objects, which it calls by the names that they have here, and starts it. */
async function start(manifest: Manifest, before: Objects, later: Objects) {
  const { image = "app", env = [], envFrom = [], args = [] } = manifest;
  const suffix = `-${objects++}`;
  const named = <T extends { readonly name?: string }>(reference: T) => ({
    ...reference,
    name: `${reference.name}${suffix}`,
  });
  const add = (all: Objects) => {
    for (const [name, data] of Object.entries(all)) {
      const metadata = { name: name + suffix, namespace: NAMESPACE };
      world.kubernetes.add({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
    }
  };
  add(before);
  const admitted = await world.admit({
    metadata: {
      namespace: NAMESPACE,
      generateName: `unseen${suffix}-`,
      annotations: { "piggysec.com/aws-secret-name": SECRET },
    },
    spec: {
      serviceAccountName: ACCOUNT,
      containers: [
        {
          name: "main",
          image,
          command: [world.program],
          args: [...args],
          env: env.map(({ valueFrom, ...variable }) => ({
            ...variable,
            ...(valueFrom?.configMapKeyRef && {
              valueFrom: { configMapKeyRef: named(valueFrom.configMapKeyRef) },
            }),
            ...(valueFrom?.fieldRef && { valueFrom }),
          })),
          envFrom: envFrom.map(({ configMapRef, ...source }) => ({
            ...source,
            configMapRef: named(configMapRef ?? {}),
          })),
        },
      ],
    },
  });
  if ("denied" in admitted) return { denied: admitted.denied };
  add(later);
  const run = await admitted.run();
  if (run.exitCode !== 0) return { refused: run.stderr || (run.error ?? "") };
  const { argv, environment } = parseProbe(run.stdout);
  const entries = environment.map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return { argv: argv.slice(1), environment: Object.fromEntries(entries) };
}

/** An optional key of the object that is not there yet. */
const fromLater = (name: string): EnvVar => ({
  name,
  valueFrom: { configMapKeyRef: { name: "later", key: name, optional: true } },
});
const fromThere = (key: string): EnvVar => ({
  name: key,
  valueFrom: { configMapKeyRef: { name: "there", key } },
});
const later = { configMapRef: { name: "later", optional: true } };

describe("an argument that mentions a variable which the object may set", () => {
  const cases: readonly (readonly [string, Objects, string])[] = [
    ["is plain", { later: { Y: "plain $(Y)" } }, "<plain $(Y)>"],
    ["is a reference", { later: { Y: "piggy:K" } }, "<kk>"],
    ["has one within", { later: { Y: `a\${piggy:K}` } }, "<akk>"],
    ["is empty", { later: { Y: "" } }, "<>"],
    ["is not in it", { later: { Z: "z" } }, "<$(Y)>"],
    ["is not there at all", {}, "<$(Y)>"],
  ];
  test.each(cases)("%s", async (_what, made, argument) => {
    for (const sources of [{ envFrom: [later] }, { env: [fromLater("Y")] }]) {
      const run = await start({ ...sources, args: ["<$(Y)>"] }, {}, made);
      expect(run).toMatchObject({ argv: [argument] });
    }
  });

  test("which the image sets as well: it stays text unless the object sets it", async () => {
    const manifest = { envFrom: [later], args: ["$(X) $(IMG) $$(X)"] };
    expect(await start(manifest, {}, {})).toMatchObject({ argv: ["$(X) $(IMG) $(X)"] });
    expect(await start(manifest, {}, { later: { X: "x" } })).toMatchObject({ argv: ["x $(IMG) $(X)"] });
  });

  test("of a Service's form, which the image sets: it stays text", async () => {
    const env = [{ name: "A", value: "piggy:K" }];
    const run = await start({ image: "service", env, args: ["$(DB_SERVICE_HOST)"] }, {}, {});
    expect(run).toMatchObject({ argv: ["$(DB_SERVICE_HOST)"], environment: IMAGE_OF_A_SERVICE });
  });
});

describe("a value that mentions a variable which the object may set", () => {
  const url = { name: "URL", value: "pg://$(USER)$(Y)@db" };
  const cases: readonly (readonly [string, Objects, string])[] = [
    ["plain: as the kubelet has it", { later: { Y: "y" } }, "pg://$(USER)y@db"],
    ["a reference: with its value", { later: { Y: "piggy:K" } }, "pg://$(USER)kk@db"],
    [
      "a reference of both: with both values",
      { later: { Y: "piggy:K\n", USER: "piggy:L" } },
      "pg://l$(A)$$lkk@db",
    ],
    ["a reference within: with its value", { later: { Y: `y\${piggy:K}` } }, "pg://$(USER)ykk@db"],
    ["absent: as it is written", {}, "pg://$(USER)$(Y)@db"],
  ];
  test.each(cases)("%s", async (_what, made, value) => {
    const keys = { env: [fromLater("Y"), fromLater("USER"), url] };
    for (const sources of [{ envFrom: [later], env: [url] }, keys]) {
      expect(await start(sources, {}, made)).toMatchObject({ environment: { URL: value } });
    }
  });

  test("through others that mention it, copies, and itself", async () => {
    const env = [
      { name: "COPY", value: "$(Y)" },
      { name: "ONE", value: "1$(COPY)" },
      { name: "TWO", value: "2$(ONE)$(ONE)" },
      { name: "Y", value: "$(Y)+$(TWO)" },
      { name: "LAST", value: "$(Y)" },
    ];
    expect(await start({ envFrom: [later], env }, {}, { later: { Y: "piggy:K" } })).toMatchObject({
      environment: { COPY: "kk", ONE: "1kk", TWO: "21kk1kk", Y: "kk+21kk1kk", LAST: "kk+21kk1kk" },
    });
  });

  test("and that an object sets first which is there", async () => {
    const envFrom = [{ configMapRef: { name: "there" } }, later];
    const there = { there: { Y: "plain", Z: "piggy:L" } };
    const env = [{ name: "LINE", value: "<$(Y)$(Z)>" }];
    expect(await start({ envFrom, env }, there, { later: { Y: "piggy:K" } })).toMatchObject({
      environment: { LINE: "<kkl$(A)$$l>" },
    });
    expect(await start({ envFrom, env }, there, { later: { Z: "z" } })).toMatchObject({
      environment: { LINE: "<plainz>" },
    });
  });

  test("beside a reference, where others mention it", async () => {
    const env = [
      { name: "ONE", value: `$(Y)\${piggy:K}` },
      { name: "TWO", value: "<$(ONE)>" },
    ];
    for (const [Y, value] of [
      ["y", "<ykk>"],
      ["piggy:K", "<kkkk>"],
    ] as const) {
      const run = await start({ envFrom: [later], env }, {}, { later: { Y } });
      expect(run).toMatchObject({ environment: { TWO: value } });
    }
  });

  test("beside references that were there, one of which it would hide", async () => {
    const env = [
      { name: "A", value: "piggy:K" },
      { name: "BOTH", value: "$(Y)$(A)" },
    ];
    const start5 = (Y: string) => start({ envFrom: [later], env }, {}, { later: { Y } });
    expect(await start5("5$")).toMatchObject({ environment: { BOTH: "5$kk" } });
    expect(await start5("piggy:L")).toMatchObject({ environment: { BOTH: "l$(A)$$lkk" } });
  });

  test("within a reference: plain it is part of the key, a reference ends the start with a reason", async () => {
    for (const value of [`\${piggy:$(Y)}`, "piggy:$(Y)", `\${piggy:GONE:-$(Y)}`]) {
      const env = [{ name: "URL", value }];
      expect(await start({ envFrom: [later], env }, {}, { later: { Y: "K" } })).toMatchObject({
        environment: { URL: value.includes("GONE") ? "K" : "kk" },
      });
      const { refused } = await start({ envFrom: [later], env }, {}, { later: { Y: "piggy:K" } });
      expect(refused).toContain('"code":"reference_unresolved"');
      expect(refused).toContain("URL: a variable that its value mentions is a reference");
    }
  });

  test("with a dollar at its end, in front of a reference or of a text that looks like one", async () => {
    const env = [
      { name: "REFERENCE", value: `$(Y)\${piggy:K}` },
      { name: "TEXT", value: `$(Y)$$$\${piggy:K}` },
      { name: "BOTH", value: `$(Y)$$$(Z)\${piggy:K}$(Y)` },
      { name: "LINE", value: "<$(REFERENCE)$(TEXT)>" },
    ];
    for (const [Y, Z] of [
      ["5$", ""],
      ["5$$", "$"],
      ["$$$", "$$"],
    ] as const) {
      expect(await start({ envFrom: [later], env }, {}, { later: { Y, Z } })).toMatchObject({
        environment: {
          REFERENCE: `${Y}kk`,
          TEXT: `${Y}\${piggy:K}`,
          BOTH: `${Y}$${Z}kk${Y}`,
          LINE: `<${Y}kk${Y}\${piggy:K}>`,
        },
      });
    }
  });

  test("that is set twice: denied, for the injector could not tell which", async () => {
    const env = [url, { name: "URL", value: "b" }];
    const { denied } = await start({ envFrom: [later], env }, {}, {});
    expect(denied).toContain("URL is set twice");
  });
});

describe("a dollar at the end of a variable escapes nothing where it is mentioned", () => {
  // The kubelet makes $${piggy:K} of it, which alone would be text.
  const reference = { name: "A", value: `$(P_X)\${piggy:K}$(A)` };

  test("when the kubelet does not know a name in it", async () => {
    const env = [{ name: "P_X", value: "$(A)$" }, reference];
    for (const envFrom of [[later], []]) {
      expect(await start({ env, envFrom }, {}, {})).toMatchObject({ environment: { A: "$(A)$kk$(A)" } });
    }
  });

  test("when all is known at admission", async () => {
    const text = { name: "TEXT", value: `$(COIN)$$$\${piggy:K}` };
    const line = { name: "LINE", value: "<$(A)|$(TEXT)>" };
    for (const P_X of ["5$", "$", "$$$"]) {
      const empty = { name: "EMPTY", value: `$$$(NOTHING)\${piggy:K}` };
      const entry = { name: "ENTRY", value: `$(P_X)\${piggy://sm/${SECRET}#/K}` };
      const nothing = { name: "NOTHING" };
      const label = { name: "LABEL", valueFrom: { fieldRef: { fieldPath: "metadata.labels['none']" } } };
      const unlabelled = { name: "UNLABELLED", value: `$$$(LABEL)\${piggy:K}` };
      const env = [
        nothing,
        fromThere("P_X"),
        { name: "COIN", value: "c$(P_X)" },
        reference,
        text,
        line,
        entry,
        empty,
        label,
        unlabelled,
      ];
      const run = await start({ env }, { there: { P_X } }, {});
      expect(run).toMatchObject({
        environment: {
          EMPTY: "$kk",
          UNLABELLED: "$kk",
          A: `${P_X}kk$(A)`,
          ENTRY: `${P_X}kk`,
          TEXT: `c${P_X}\${piggy:K}`,
          LINE: `<${P_X}kk$(A)|c${P_X}\${piggy:K}>`,
        },
      });
    }
  });
});

test("a value with a reference keeps what only the kubelet knows, where another mentions it", async () => {
  const env = [
    { name: "WHERE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    { name: "URL", value: `http://$(WHERE)/\${piggy:K}` },
    { name: "KEY", value: `\${piggy:$(WHERE):-$(WHERE)}` },
    { name: "LINE", value: "<$(URL)$(KEY)>" },
  ];
  expect(await start({ env }, {}, {})).toMatchObject({
    environment: { LINE: `<http://${NAMESPACE}/kk${NAMESPACE}>` },
  });
});

/** Stands behind what is mentioned: a dollar in front of it escapes nothing that stands behind it. */
const END = "\uf8ff";

/** What the author of a container meant, by the kubelet's rules, with a reference in the place of its mention. */
function meant({ env = [], envFrom = [], args = [] }: Manifest, made: Objects) {
  const data = (_: string, name: string) => made[name] && new Map(Object.entries(made[name]));
  const sources = { data, field: () => "", services: new Map<string, string>() };
  const texts = new Map<string, string>();
  const held = new Map<string, string>();
  const set = (name: string, text: string, isHeld: boolean) => {
    texts.set(name, text);
    if (isHeld) held.set(name, text);
    else held.delete(name);
  };
  const isReference = (text: string) => parseValue(text) !== undefined;
  const takeFrom = (container: Manifest) => {
    const taken = containerEnvironment({ name: "main", image: "app", ...container }, sources);
    for (const [name, text] of taken) set(name, resolve(text), isReference(text));
  };
  takeFrom({ envFrom });
  for (const variable of env) {
    if (variable.value === undefined) {
      takeFrom({ env: [variable] });
      continue;
    }
    const mentioned: string[] = [];
    const marked = expand(variable.value, (other) => {
      const value = held.get(other);
      if (value === undefined) return texts.get(other)?.concat(END);
      return String.fromCharCode(0xe000 + mentioned.push(value) - 1);
    });
    const text = resolve(marked)
      .replace(/[\ue000-\uefff]/g, (mark) => mentioned[mark.charCodeAt(0) - 0xe000] ?? "")
      .replaceAll(END, "");
    set(variable.name, text, mentioned.length > 0 || isReference(marked));
  }
  return {
    argv: args.map((argument) => expand(argument, (name) => texts.get(name))),
    environment: { ...IMAGE, ...Object.fromEntries(texts) },
  };
}

function resolve(text: string): string {
  const parts = parseValue(text) ?? [text];
  return parts.map((part) => (typeof part === "string" ? part : (SECRETS[part.key] ?? "?"))).join("");
}

const NAMES = ["A", "B", "X", "P_X", "P_Y"] as const;
const mention = fc.constantFrom(...NAMES, "IMG", "NOBODY").map((name) => `$(${name})`);
const text = fc.constantFrom("a", "://", "$$", "$", "{", "é", `\${piggy:K}`);
const template = fc.array(fc.oneof(mention, text), { minLength: 1, maxLength: 4 }).map((all) => all.join(""));
const objectText = fc.constantFrom("piggy:K", "PIGGY:L\n", "plain", "", "5$", `a\${piggy:L}b`, "$(A)", "é");
const data = fc.dictionary(fc.constantFrom("A", "X", "Y"), objectText, { maxKeys: 3 });
const variable = fc.oneof(
  { weight: 3, arbitrary: fc.record({ name: fc.constantFrom(...NAMES), value: template }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ name: fc.constantFrom("one", "two"), key: fc.constantFrom("A", "X", "Y") })
      .map(({ name, key }) => ({
        name: key,
        valueFrom: { configMapKeyRef: { name, key, optional: true } },
      })),
  },
);
const manifests = fc.record({
  env: fc.uniqueArray(variable, { selector: ({ name }) => name, maxLength: 5 }),
  envFrom: fc.array(
    fc
      .record({ name: fc.constantFrom("one", "two"), prefix: fc.constantFrom("", "P_") })
      .map(({ name, prefix }) => ({ prefix, configMapRef: { name, optional: true } })),
    { maxLength: 2 },
  ),
  args: fc.array(template, { maxLength: 2 }),
});

test("any container of objects that are there, come later or never is denied, refused, or gets what was meant", async () => {
  const outcomes = { started: 0, denied: 0, refused: 0 };
  const cases = fc.record({
    manifest: manifests,
    one: fc.option(data, { nil: undefined }),
    two: fc.option(data, { nil: undefined }),
    isOneBefore: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ manifest, one, two, isOneBefore }) => {
      const before: Objects = isOneBefore && one ? { one } : {};
      const made: Objects = { ...(!isOneBefore && one && { one }), ...(two && { two }) };
      const run = await start(manifest, before, made);
      if (run.denied !== undefined) expect(run.denied).toContain("mentions");
      if (run.refused !== undefined) expect(run.refused).toContain("mentions is a reference");
      outcomes[run.denied !== undefined ? "denied" : run.refused !== undefined ? "refused" : "started"] += 1;
      if (run.argv === undefined) return;
      const { argv, environment } = meant(manifest, { ...before, ...made });
      const bytes = (of: string) => Buffer.from(of).toString("latin1");
      expect(run.argv).toEqual(argv.map(bytes));
      const entries = Object.entries(environment).map(([name, value]) => [name, bytes(value)]);
      expect(run.environment).toEqual(Object.fromEntries(entries));
    }),
    {
      numRuns: 300,
      examples: [
        [
          // The kubelet puts a dollar in front of what begins with a reference and has marks of its own.
          {
            manifest: {
              env: [
                { name: "P_X", value: `\${piggy:K}$(A)a` },
                { name: "A", value: "$$$(P_X)$(A)" },
              ],
              envFrom: [{ prefix: "", configMapRef: { name: "one", optional: true } }],
              args: [],
            },
            one: undefined,
            two: undefined,
            isOneBefore: false,
          },
        ],
        [
          // A dollar at the end of a mention stands in front of a reference.
          {
            manifest: {
              env: [
                { name: "P_X", value: "$(A)$" },
                { name: "A", value: `$(P_X)\${piggy:K}$(A)` },
              ],
              envFrom: [{ prefix: "", configMapRef: { name: "one", optional: true } }],
              args: [],
            },
            one: undefined,
            two: undefined,
            isOneBefore: false,
          },
        ],
      ],
    },
  );
  expect(outcomes.started).toBeGreaterThan(150);
});
