/** What `npm run generate` writes is written: each file is as it would be. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { INJECTED } from "../../lib/variables.ts";
import { CHART_VALUES } from "../../scripts/docs/chart-values.ts";
import { generatedFiles } from "../../scripts/docs/generated.ts";
import { withParts } from "../../scripts/docs/parts.ts";
import { demoExcerpt } from "../../scripts/docs/readme-parts.ts";

// The README shows what the demo prints, which starts everything there is.
setDefaultTimeout(60_000);

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFile(ROOT + file, "utf8");

/** Biome lays JSON out anew once it is written. */
const comparable = (file: string, text: string): unknown =>
  file.endsWith(".json") ? JSON.parse(text) : text;

describe("npm run generate would change nothing in", () => {
  test.each(generatedFiles.map((each) => [each.file, each] as const))("%s", async (file, { content }) => {
    const now = await read(file);
    expect(comparable(file, now)).toEqual(comparable(file, await content(now, read)));
  });
});

test("a part without a place, and a place without a part, are refused", () => {
  const page = "<!-- one: by npm run generate -->\n\n<!-- end of one -->\n";
  expect(withParts(page, { one: "text" })).toBe(page.replace("\n\n", "\ntext\n"));
  expect(() => withParts(page, { one: "text", two: "text" })).toThrow("no place");
  expect(() => withParts(page, {})).toThrow("nobody writes");
  expect(() => withParts(page + page, { one: "text" })).toThrow("or two");
});

test("of a demo the calls are shown as they were made, but for two of which either may be first", () => {
  const shown = (...calls: readonly string[]) =>
    demoExcerpt(
      [
        "── proxy ──",
        "  value: demo/sample/test",
        "  command:",
        "    - piggy-demo",
        "  asked on the way",
        ...calls.map((call) => `  Kubernetes  ${call}`),
        "  ✓ A=1",
        "Every application found its secrets.",
      ].join("\n"),
    );
  const account = "GET /api/v1/namespaces/demo/serviceaccounts/default  403";
  const [pod, review] = [
    "GET /api/v1/namespaces/demo/pods/a  200",
    "POST /apis/authentication.k8s.io/v1/tokenreviews  201",
  ];
  expect(shown(account, review, pod)).toBe(shown(account, pod, review));
  expect(shown(account, pod, review)).toContain(
    `${account}\n  Kubernetes  ${pod}\n  Kubernetes  ${review}\n`,
  );
});

describe("what the pages say of the chart and of a container by hand", () => {
  test("a variable that the chart sets by a value of its own is one, and each is named", async () => {
    const templates = await Promise.all(
      ["_environment.tpl", "_tls.tpl"].map((file) => read(`charts/piggy-webhooks/templates/${file}`)),
    );
    const set = [...templates.join("\n").matchAll(/^(?: {2}"([A-Z_]+)" |([A-Z_]+): )/gm)].map(
      ([, quoted, plain]) => quoted ?? plain,
    );
    expect(set.sort()).toEqual(Object.keys(CHART_VALUES).sort());
  });

  test("and is said nowhere to be set in `env`, which its other objects do not follow", async () => {
    const pages = (await Promise.all(["docs/settings.md", "docs/annotations.md"].map(read))).join("\n");
    const inEnv = [...pages.matchAll(/\benv(?:\.|:\n {2})([A-Z_]+)/g)].map(([, name = ""]) => name);
    expect(inEnv).toContain("PIGGY_CACHE_TTL");
    expect(inEnv.filter((name) => name in CHART_VALUES)).toEqual([]);
  });

  test("every variable that admission writes besides the settings is in the table", async () => {
    const [, table = ""] = (await read("docs/settings.md")).split("What admission writes besides");
    const rows = [...table.matchAll(/^\| `(PIGGY_\w+)` \|/gm)].map(([, name = ""]) => name);
    expect(rows.sort()).toEqual([...INJECTED, "PIGGY_MENTIONS_IN_NAME"].sort());
  });
});
