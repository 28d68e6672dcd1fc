/**
 * The pages' manifests are what Kubernetes takes, and their values what the chart takes. Part of `npm run
 * test:cluster`, for its tools are built by it; it needs no cluster.
 */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { hclProgram } from "../../scripts/cluster/hcl.ts";
import { conform, template } from "../cluster/rendering.ts";
import { anyObject } from "../fakes/kubernetes/schema.ts";
import { runPlainly } from "../support/run-plainly.ts";
import { checkOf } from "./checks.ts";
import { allBlocks, placeOf } from "./pages.ts";

const of = (check: string) =>
  allBlocks.filter((block) => checkOf(block) === check).map((block) => [placeOf(block), block.text] as const);

/** The first that the chart says it is for, and the last there is. */
const VERSIONS = ["1.29.0", "1.37.0"];

describe.each(VERSIONS)("manifests are those of Kubernetes %s", (version) => {
  test.each(of("manifest"))("%s", async (_, text) => {
    await conform(text, version);
  });

  test("and others are none", async () => {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  container: []\n";
    await expect(conform(pod, version)).rejects.toThrow("container");
  });
});

describe("values are those of the chart", () => {
  test.each(of("values"))("%s", async (_, text) => {
    expect(await template(anyObject(parse(text), "values"))).toContain("kind: Deployment");
  });
});

describe("Terraform's language is what its parser reads, as it is formatted by it", () => {
  const read = async (text: string) => {
    const folder = await mkdtemp(join(tmpdir(), "piggy-terraform-"));
    try {
      const file = join(folder, "main.tf");
      await writeFile(file, text);
      return await runPlainly([await hclProgram(), "-check", file], {});
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  test.each(of("terraform"))("%s", async (_, text) => {
    const { exitCode, stdout, stderr } = await read(text);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: text, stderr: "" });
  });

  test("and other text is not", async () => {
    expect((await read('resource "aws_iam_role" "piggy" {\n')).exitCode).not.toBe(0);
  });
});
