/** What the images say that they are made of. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import packageFile from "../../package.json" with { type: "json" };
import lock from "../../package-lock.json" with { type: "json" };
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { buildContent, contentOf, IMAGES, type ImageName } from "../../scripts/images/images.ts";
import { bunComponent } from "../../scripts/inventory/bun.ts";
import { type LockedPackages, npmComponent } from "../../scripts/inventory/npm-packages.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-inventory-"));
  for (const name of IMAGES) await buildContent(name, ownArchitecture, directory);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const fileOf = (image: ImageName, file: string) =>
  Bun.file(join(directory, contentOf(image, ownArchitecture), file)).text();

const parseComponents = object(
  { components: list(object({ name: string, version: string }, { purl: string })) },
  {},
);

async function componentsOf(image: ImageName) {
  return parseComponents(JSON.parse(await fileOf(image, "sbom.cdx.json")), "bill of materials").components;
}

const LOCKED: LockedPackages = lock.packages;

describe.each(IMAGES)("the bill of materials of %s", (image) => {
  test("is one by the schema of CycloneDX", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(await fileOf(image, "sbom.cdx.json"))).toBeNull();
  });

  test("has Bun and the C library as they are pinned, and as scanners know them", async () => {
    const purls = (await componentsOf(image)).map(({ purl = "" }) => purl);
    expect(purls).toContainEqual(
      expect.stringMatching(RegExp(`^pkg:npm/%40oven/bun-linux-[a-z0-9-]+@${packageFile.dependencies.bun}$`)),
    );
    expect(purls).toContainEqual(expect.stringMatching(/^pkg:deb\/debian\/libc6@[\d.]+-\d+.*\?arch=/));
  });

  test("names nothing that the notices beside it do not", async () => {
    const notices = await fileOf(image, "THIRD-PARTY.txt");
    for (const { name, version } of await componentsOf(image))
      expect(notices).toContain(`\n${name} ${version}\nLicence: `);
    for (const text of ["GNU LESSER GENERAL PUBLIC LICENSE", "WebKit (JavaScriptCore)", "boringssl"])
      expect(notices).toContain(text);
  });
});

describe("the packages of npm", () => {
  const packagesOf = async (image: ImageName) => {
    const names = (await componentsOf(image)).filter(({ purl }) => purl?.startsWith("pkg:npm/"));
    return names.filter(({ name }) => name !== "bun");
  };

  test("in the webhook are all that it depends on, and what they do, of the versions that are locked", async () => {
    const packages = await packagesOf("piggy-webhooks");
    const names = packages.map(({ name }) => name);
    const { bun: _, ...direct } = packageFile.dependencies;
    expect(names).toEqual(expect.arrayContaining(Object.keys(direct)));
    expect(names.length).toBeGreaterThan(Object.keys(direct).length);
    const versions = new Set(
      Object.entries(LOCKED).map(
        ([folder, entry]) => `${folder.split("node_modules/").at(-1)}@${entry?.version}`,
      ),
    );
    expect(packages.filter(({ name, version }) => !versions.has(`${name}@${version}`))).toEqual([]);
  });

  test("in the injector are none", async () => {
    expect(await packagesOf("piggy-env")).toEqual([]);
  });

  test("are none that npm audit passes over, being for development", async () => {
    const forDevelopment = new Set(
      Object.entries(LOCKED).flatMap(([folder, entry]) =>
        entry?.dev ? [`${folder.split("node_modules/").at(-1)}@${entry.version}`] : [],
      ),
    );
    expect(forDevelopment.size).toBeGreaterThan(5);
    const packages = await packagesOf("piggy-webhooks");
    expect(packages.filter(({ name, version }) => forDevelopment.has(`${name}@${version}`))).toEqual([]);
  });
});

describe("what has no known licence is not shipped", () => {
  const INTEGRITY = `sha512-${Buffer.alloc(64).toString("base64")}`;
  const FOLDER = "node_modules/@a/b";

  async function componentWith(content: object, locked: LockedPackages) {
    const root = await mkdtemp(join(directory, "project-"));
    await mkdir(join(root, FOLDER), { recursive: true });
    await writeFile(
      join(root, FOLDER, "package.json"),
      JSON.stringify({ name: "@a/b", version: "1.0.0", ...content }),
    );
    return npmComponent(root, FOLDER, locked);
  }
  const LOCKED_HERE = { [FOLDER]: { version: "1.0.0", integrity: INTEGRITY } };

  test("a package with a licence of SPDX's is", async () => {
    expect(await componentWith({ license: "(MIT OR Apache-2.0)" }, LOCKED_HERE)).toMatchObject({
      purl: "pkg:npm/%40a/b@1.0.0",
      licence: "(MIT OR Apache-2.0)",
    });
  });

  test.each([
    ["none", {}],
    ["one that is nobody's", { license: "UNLICENSED" }],
    ["one somewhere in a file", { license: "SEE LICENSE IN LICENSE.txt" }],
    ["one that SPDX does not list", { license: "LicenseRef-own" }],
  ])("a package with %s is not", async (_, content) => {
    await expect(componentWith(content, LOCKED_HERE)).rejects.toThrow(
      `${FOLDER} is shipped, and its licence`,
    );
  });

  test("a package that is not locked is not", async () => {
    await expect(componentWith({ license: "MIT" }, {})).rejects.toThrow("package-lock.json");
  });

  test("a Bun that links what nobody has looked at is not, nor another than the one that is pinned", () => {
    const versions = { ...process.versions, novelty: "1.0.0" };
    expect(() => bunComponent("amd64", versions)).toThrow("novelty");
    expect(() => bunComponent("amd64", { ...process.versions, bun: "0.0.1" })).toThrow("0.0.1");
  });
});
