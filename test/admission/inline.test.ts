/** `$(A)` within a value, where A holds a reference: what the container is given is what its author meant. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { textOf as asText, bytesOf } from "../../lib/injector/bytes.ts";
import { parseEnvironment } from "../../lib/injector/environment.ts";
import { readMentions } from "../../lib/injector/mentions.ts";
import { type Part, parseValue } from "../../lib/reference/value.ts";
import { expand } from "../fakes/kubelet/expansion.ts";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, environmentOf, mutate, NAMESPACE, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const metadata = { name: "settings", namespace: NAMESPACE };
  const data = { SHARED: "piggy:SHARED", HOST: "db" };
  world.kubernetes.add({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
  const coins = { DOLLAR: "5$", PLAIN: "5" };
  const named = { name: "coins", namespace: NAMESPACE };
  world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata: named, stringData: coins });
});
afterAll(() => world.stop());

interface Variable {
  readonly name: string;
  readonly value: string;
}

const PASSWORD = { name: "PASSWORD", value: "piggy:PASSWORD" };
const settings = { configMapRef: { name: "settings" } };

async function envOf(env: readonly object[], container: object = {}) {
  const { pod } = await mutate(world, podWith({ env, ...container }));
  const all = containerOf(pod).env ?? [];
  return all.filter(({ name }) => !name.startsWith("PIGGY_"));
}

async function textOf(name: string, env: readonly object[], container: object = {}) {
  return (await envOf(env, container)).findLast((variable) => variable.name === name)?.value;
}

describe("values that mention a long one with a reference in it", () => {
  const long = { name: "LONG", value: `\${piggy:A}${"x".repeat(100_000)}` };
  const mentioning = (count: number) => [
    long,
    ...Array.from({ length: count }, (_, index) => ({ name: `V${index}`, value: "a $(LONG)" })),
  ];

  test("are admitted as long as the kernel could take them", async () => {
    const { allowed } = await mutate(world, podWith({ env: mentioning(15) }));
    expect(allowed).toBe(true);
  });

  test("are denied when all together are more than that", async () => {
    const { allowed, status } = await mutate(world, podWith({ env: mentioning(25) }));
    expect(allowed).toBe(false);
    expect(status.message).toContain("$(LONG)");
    expect(status.message).toContain("is too long");
  });
});

describe("a mention of a reference within a value becomes the reference", () => {
  test.each([
    ["pg://u:$(PASSWORD)@db", `pg://u:\${piggy:PASSWORD}@db`],
    ["$(PASSWORD)$(PASSWORD)", `\${piggy:PASSWORD}\${piggy:PASSWORD}`],
    ["$(PASSWORD)@$(NOBODY)", `\${piggy:PASSWORD}@$(NOBODY)`],
    [`\${piggy:USER}:$(PASSWORD)`, `\${piggy:USER}:\${piggy:PASSWORD}`],
    ["$$(PASSWORD) is $(PASSWORD)", `$$(PASSWORD) is \${piggy:PASSWORD}`],
    // In front of a reference two dollars are one, and for the kubelet each of three is written twice.
    ["$$$(PASSWORD)", `$$$$$\${piggy:PASSWORD}`],
    ["$$$(NOBODY)@$(PASSWORD)", `$$$(NOBODY)@\${piggy:PASSWORD}`],
    ["5$ $(PASSWORD)", `5$ \${piggy:PASSWORD}`],
  ])("%s", async (value, written) => {
    expect(await textOf("URL", [PASSWORD, { name: "URL", value }])).toBe(written);
  });

  test("whatever is known of the others stays for the kubelet", async () => {
    const url = { name: "URL", value: "pg://$(HOST):$(PASSWORD)" };
    expect(await textOf("URL", [PASSWORD, url], { envFrom: [settings] })).toBe(
      `pg://$(HOST):\${piggy:PASSWORD}`,
    );
  });

  test("from a ConfigMap, under its prefix", async () => {
    const url = { name: "URL", value: "pg://$(APP_SHARED)" };
    const envFrom = [{ ...settings, prefix: "APP_" }];
    expect(await textOf("URL", [url], { envFrom })).toBe(`pg://\${piggy:SHARED}`);
  });

  test("of a ConfigMap's key", async () => {
    const from = { name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "SHARED" } } };
    expect(await textOf("URL", [from, { name: "URL", value: "a$(A)" }])).toBe(`a\${piggy:SHARED}`);
  });

  test("through copies of copies", async () => {
    const env = [
      PASSWORD,
      { name: "COPY", value: "$(PASSWORD)" },
      { name: "URL", value: "pg://$(COPY)" },
      { name: "LINE", value: "<$(URL)>" },
    ];
    expect((await envOf(env)).map(({ value }) => value)).toEqual([
      "piggy:PASSWORD",
      "$(PASSWORD)",
      `pg://\${piggy:PASSWORD}`,
      `<pg://\${piggy:PASSWORD}>`,
    ]);
  });

  test("of the value that the name had before it was set again", async () => {
    const env = [PASSWORD, { name: "URL", value: "a$(PASSWORD)" }, { name: "PASSWORD", value: "plain" }];
    expect(await textOf("URL", env)).toBe(`a\${piggy:PASSWORD}`);
    expect(await textOf("URL", [PASSWORD, { name: "PASSWORD", value: "plain" }, ...env.slice(1)])).toBe(
      "a$(PASSWORD)",
    );
  });

  test("with the default that stands in it", async () => {
    const env = [
      { name: "A", value: `<\${piggy:A:-none}>` },
      { name: "B", value: "$(A)$(A)" },
    ];
    expect(await textOf("B", env)).toBe(`<\${piggy:A:-none}><\${piggy:A:-none}>`);
  });

  test("once: sent again it stays", async () => {
    const first = await mutate(
      world,
      podWith({ env: [PASSWORD, { name: "URL", value: "a$$(b) $(PASSWORD)" }] }),
    );
    const second = await mutate(world, first.pod);
    expect(second.patch).toEqual([]);
  });
});

describe("a value is denied, with both names and what to do,", () => {
  test.each([
    ["when the mention is within a reference", PASSWORD, `\${piggy:$(PASSWORD)}`],
    ["when it begins as a reference", PASSWORD, "piggy:$(PASSWORD)"],
    ["when the key cannot be said within a value", { name: "PASSWORD", value: "piggy:a}b" }, "a$(PASSWORD)"],
    ["when it would be too long", PASSWORD, "$(PASSWORD)".repeat(20_000)],
  ])("%s", async (_what, holder, value) => {
    const { allowed, status } = await mutate(world, podWith({ env: [holder, { name: "URL", value }] }));
    expect(allowed).toBe(false);
    expect(status.message).toContain("the value of URL mentions $(PASSWORD)");
  });

  test("when what the kubelet is left to expand ends with the dollar that would escape it", async () => {
    const env = [{ name: "COIN", value: "5$" }, PASSWORD, { name: "URL", value: "$(COIN)$(PASSWORD)" }];
    expect((await mutate(world, podWith({ env }))).allowed).toBe(false);
  });

  test("when values that mention each other grow without end", async () => {
    const doubled = Array.from({ length: 40 }, (_, index) => ({
      name: `V${index + 1}`,
      value: `$(V${index})$(V${index})`,
    }));
    const env = [{ name: "V0", value: "piggy:A" }, ...doubled];
    expect((await mutate(world, podWith({ env }))).allowed).toBe(false);
    // Without a reference they are the kubelet's to refuse.
    const plain = [PASSWORD, { name: "V0", value: "a".repeat(100) }, ...doubled];
    expect((await mutate(world, podWith({ env: plain }))).allowed).toBe(true);
  });
});

test("no mark tells whether a Secret's text ends with a dollar", async () => {
  const marked = async (key: string) => {
    const coin = { name: "COIN", valueFrom: { secretKeyRef: { name: "coins", key } } };
    const { pod } = await mutate(
      world,
      podWith({ env: [coin, { name: "URL", value: `$(COIN)\${piggy:K}` }] }),
    );
    const { PIGGY_UID = "", PIGGY_MENTIONS_IN_URL = "" } = environmentOf(pod);
    return PIGGY_MENTIONS_IN_URL.replaceAll(PIGGY_UID, "|");
  };
  expect([await marked("DOLLAR"), await marked("PLAIN")]).toEqual(Array(2).fill(`|$(COIN)|\${piggy:K}`));
});

test("all mentions of a container have a bound as well, so that small values cannot make a long environment", async () => {
  const holder = { name: "PASSWORD", value: `piggy:${"k".repeat(1_500)}` };
  const long = { name: "LONG", value: "a".repeat(1_000) };
  const copies = Array.from({ length: 3_000 }, (_, index) => ({ name: `C${index}`, value: "$(LONG)" }));
  const last = { name: "LAST", value: "$(PASSWORD)." };
  expect((await mutate(world, podWith({ env: [holder, long, last, ...copies] }))).allowed).toBe(true);
  expect((await mutate(world, podWith({ env: [holder, long, ...copies, last] }))).allowed).toBe(false);
});

const NAMES = ["A", "B", "C", "D"] as const;
const mention = fc.constantFrom(...NAMES, "NOBODY").map((name) => `$(${name})`);
const text = fc.constantFrom("a", "://", "é", "$", "$$", "$$$", "{", "}", "(", ")", `$\${piggy:X}`, " ");
const embedded = fc.constantFrom(`\${piggy:K}`, `\${piggy:K:-d}`, `\${piggy:L}`);
const value = fc.oneof(
  fc.constantFrom("piggy:K", "PIGGY:L\n", "plain"),
  fc.array(fc.oneof(mention, text, embedded), { maxLength: 6 }).map((parts) => parts.join("")),
);
const environments = fc.array(fc.record({ name: fc.constantFrom(...NAMES), value }), {
  minLength: 1,
  maxLength: 6,
});

const secretOf = (part: Part) => (typeof part === "string" ? part : `<${part.key}>`);
const resolve = (written: string) => (parseValue(written) ?? [written]).map(secretOf).join("");

/** What the kubelet and then the injector make of the variables as they were admitted, the injector's own among them. */
function started(env: readonly Variable[]): readonly string[] {
  const expanded = new Map<string, string>();
  const entries = env.map(({ name, value }) => {
    const text = expand(value, (mentioned) => expanded.get(mentioned));
    expanded.set(name, text);
    return bytesOf(`${name}=${text}`);
  });
  const { variables } = readEnvironment(entries);
  return variables.map(({ name, entry, parts }) =>
    (parts ?? [entry.slice(name.length + 1)])
      .map((part) => (typeof part === "string" ? asText(part) : secretOf(part)))
      .join(""),
  );
}

function readEnvironment(entries: readonly string[]) {
  const environment = parseEnvironment(entries);
  return environment.marked.size === 0
    ? environment
    : { ...environment, variables: readMentions(environment, false) };
}

/** Stands behind what is mentioned: a dollar in front of it escapes nothing that stands behind it. */
const END = "\uf8ff";

/**
 * What their author meant: the mention of a variable that holds a reference stands for what the application is given
 * there, and nothing around it changes that; every other is the kubelet's.
 */
function meant(env: readonly Variable[]): readonly string[] {
  const texts = new Map<string, string>();
  const resolved = new Map<string, string>();
  return env.map(({ name, value }) => {
    const mentioned: string[] = [];
    const marked = expand(value, (other) => {
      const held = resolved.get(other);
      if (held === undefined) return texts.get(other)?.concat(END);
      return String.fromCharCode(0xe000 + mentioned.push(held) - 1);
    });
    const result = resolve(marked)
      .replace(/[\ue000-\uefff]/g, (mark) => mentioned[mark.charCodeAt(0) - 0xe000] ?? "")
      .replaceAll(END, "");
    texts.set(name, result);
    const isPlain = mentioned.length === 0 && parseValue(marked) === undefined;
    if (isPlain) resolved.delete(name);
    else resolved.set(name, result);
    return result;
  });
}

test("any nest of mentions is denied, or gives every variable what its author meant", async () => {
  let admitted = 0;
  await fc.assert(
    fc.asyncProperty(environments, async (env) => {
      const { allowed, pod, patch } = await mutate(world, podWith({ env }));
      if (!allowed) return;
      admitted += 1;
      const variables = (containerOf(pod).env ?? []).map(({ name, value = "" }) => ({ name, value }));
      if (patch.length > 0) expect(started(variables)).toEqual([...meant(env)]);
    }),
    { numRuns: 400 },
  );
  expect(admitted).toBeGreaterThan(200);
});
