/** What the pages put into manifests is what admission takes, without a word against it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { parse } from "yaml";
import { accountOf, accountsOf } from "../explain/explaining.ts";
import { anyObject } from "../fakes/kubernetes/schema.ts";
import { checkOf } from "./checks.ts";
import { allBlocks, placeOf } from "./pages.ts";

setDefaultTimeout(120_000);

const of = (check: string) =>
  allBlocks.filter((block) => checkOf(block) === check).map((block) => [placeOf(block), block.text] as const);

const circumstances = { args: ["--offline", "--set", "AWS_REGION=eu-west-1"] };

describe("manifests", () => {
  const OF_PODS = /^kind: (?:Pod|Deployment|StatefulSet|DaemonSet|Job|CronJob)$/m;

  test.each(of("manifest").filter(([, text]) => OF_PODS.test(text)))("%s", async (_, text) => {
    const accounts = await accountsOf(text, circumstances);
    expect(accounts.length).toBeGreaterThan(0);
    for (const { allowed, message, warnings } of accounts)
      expect({ allowed, message, warnings }).toEqual({ allowed: true, message: null, warnings: [] });
  });
});

describe("annotations", () => {
  /** Whatever else is said is what it means for a Pod that has no more of it than this. */
  const AGAINST_IT = /no setting of a Pod's is called|it is ignored|counts as|set on piggy-webhooks/;

  test.each(of("annotations"))("%s", async (_, text) => {
    const { annotations } = anyObject(parse(text), "annotations");
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "main",
        annotations: {
          "piggysec.com/aws-secret-name": "shop/cart",
          ...anyObject(annotations, "annotations"),
        },
      },
      spec: { containers: [{ name: "main", image: "app", env: [{ name: "A", value: "piggy:A" }] }] },
    };
    const { warnings } = await accountOf(pod, circumstances);
    expect(warnings.filter((warning) => AGAINST_IT.test(warning))).toEqual([]);
  });
});
