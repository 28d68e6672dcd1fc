/** What docs/operating.md says a second time of what stands elsewhere. */
import { expect, test } from "bun:test";
import { parse } from "yaml";
import { readPage } from "./pages.ts";

test("each alert of the chart is a row, and each row one of them", () => {
  const page = readPage("docs/operating.md");
  const rules = readPage("charts/piggy-webhooks/templates/prometheusrule.yaml");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, alert]) => alert);
  expect(alerts.length).toBeGreaterThan(3);
  expect([...page.matchAll(/^\| `(Piggy\w+)` \|/gm)].map(([, row]) => row).sort()).toEqual(alerts.sort());
});

test("each alert sends whoever is woken by it to its row", () => {
  const rules = readPage("charts/piggy-webhooks/templates/prometheusrule.yaml").split("- alert: ").slice(1);
  const led = rules.filter((rule) => rule.includes(`See ${/^\w+/.exec(rule)?.[0]} in docs/operating.md.`));
  expect(led).toEqual(rules);
});

test("what it says of the chart's resources is what the chart has", () => {
  const { requests, limits } = parse(readPage("charts/piggy-webhooks/values.yaml")).resources;
  const page = readPage("docs/operating.md");
  expect(limits).toEqual({ memory: requests.memory });
  expect(page).toContain(`The defaults request ${requests.cpu} and set no limit.`);
  expect(page).toContain(`The defaults request ${requests.memory}, which is the limit too.`);
});
