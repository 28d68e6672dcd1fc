/** What docs/operating.md says a second time of what stands elsewhere. */
import { expect, test } from "bun:test";
import { readPage } from "./pages.ts";

test("each alert of the chart is a row, and each row one of them", () => {
  const page = readPage("docs/operating.md");
  const rules = readPage("charts/piggy-webhooks/templates/prometheusrule.yaml");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, alert]) => alert);
  expect(alerts.length).toBeGreaterThan(3);
  expect([...page.matchAll(/^\| `(Piggy\w+)` \|/gm)].map(([, row]) => row).sort()).toEqual(alerts.sort());
});
