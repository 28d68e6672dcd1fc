/** What image indexes are, of tools that build them in other ways than most. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AMD64, ARM64, type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";
import { digestOf, serve, stopServing } from "./origins.ts";

setDefaultTimeout(60_000);
afterEach(stopServing);

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** What a registry has, by digest and tag. */
function createContent() {
  const content = new Map<string, string>();
  const put = (value: object) => {
    const text = JSON.stringify(value);
    content.set(digestOf(text), text);
    return digestOf(text);
  };
  return {
    content,
    image(name: string, platform: object = AMD64) {
      const config = put({ ...platform, config: { Entrypoint: [name] } });
      return {
        digest: put({ schemaVersion: 2, mediaType: MANIFEST, config: { digest: config }, layers: [] }),
      };
    },
    index: (...manifests: readonly object[]) => ({
      digest: put({ schemaVersion: 2, mediaType: INDEX, manifests }),
    }),
  };
}

function ask(content: ReadonlyMap<string, string>, { digest }: { readonly digest: string }, asking?: Asking) {
  const registry = serve((path) => {
    const text = content.get(path.slice(path.lastIndexOf("/") + 1));
    return new Response(text ?? null, { status: text === undefined ? 404 : 200 });
  });
  return askFor(`${registry.host}/team/app@${digest}`, [registry.url], asking);
}

describe("an entry of an index", () => {
  test("that is for no platform in particular is taken where the image is for it", async () => {
    const { content, image, index } = createContent();
    const top = index(image("/bin/app"));
    expect((await ask(content, top)).entrypoint).toEqual(["/bin/app"]);
    const { code, message } = await caught(() => ask(content, top, { platform: ARM64 }));
    expect([code, message]).toEqual(["image_unsupported", expect.stringContaining("linux/arm64")]);
  });

  test("that is for the platform goes before one that is for none in particular", async () => {
    const { content, image, index } = createContent();
    const top = index(image("/bin/any"), { ...image("/bin/amd64"), platform: AMD64 });
    expect((await ask(content, top)).entrypoint).toEqual(["/bin/amd64"]);
  });

  test.each([
    ["x86_64", AMD64],
    ["x86-64", AMD64],
    ["X86_64", AMD64],
    ["aarch64", ARM64],
  ])("may call its architecture %s", async (architecture, platform) => {
    const { content, image, index } = createContent();
    const top = index({ ...image("/bin/app"), platform: { os: "linux", architecture } });
    expect((await ask(content, top, { platform })).entrypoint).toEqual(["/bin/app"]);
  });

  test("that does not name its system is for Linux", async () => {
    const { content, image, index } = createContent();
    const top = index({ ...image("/bin/app"), platform: { architecture: "amd64" } });
    expect((await ask(content, top)).entrypoint).toEqual(["/bin/app"]);
  });
});

describe("an index in another", () => {
  test.each([
    ["of the platform", { platform: AMD64 }],
    ["of no platform in particular", {}],
  ])("%s is looked into", async (_, said) => {
    const { content, image, index } = createContent();
    const inner = index(
      { ...image("/bin/arm64"), platform: ARM64 },
      { ...image("/bin/app"), platform: AMD64 },
    );
    expect((await ask(content, index({ ...inner, ...said }))).entrypoint).toEqual(["/bin/app"]);
  });

  test("in another, and so on, is looked into no more than twice", async () => {
    const { content, image, index } = createContent();
    const third = index(index(index(image("/bin/app"))));
    expect((await ask(content, third)).entrypoint).toEqual(["/bin/app"]);
    const { code, message } = await caught(() => ask(content, index(third)));
    expect([code, message]).toEqual([
      "image_unsupported",
      expect.stringContaining("more than 3 of its indexes"),
    ]);
  });
});
