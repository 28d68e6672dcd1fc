import { describe, expect, test } from "bun:test";
import { parseImageName, registryHost } from "../../lib/registry/image-name.ts";
import { caught } from "./caught.ts";

const SHA256 = `sha256:${"0123456789abcdef".repeat(4)}`;
/** A tag of as many digits as a digest may have. */
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const SHA512 = `sha512:${"0123456789abcdef".repeat(8)}`;

describe("an image's name is parted into host, repository and reference", () => {
  test.each<[image: string, domain: string, repository: string, reference: string]>([
    ["nginx", "docker.io", "library/nginx", "latest"],
    ["nginx:1.27", "docker.io", "library/nginx", "1.27"],
    ["nginx:5000", "docker.io", "library/nginx", "5000"],
    ["grafana/grafana", "docker.io", "grafana/grafana", "latest"],
    ["docker.io/nginx", "docker.io", "library/nginx", "latest"],
    ["docker.io/library/nginx:1", "docker.io", "library/nginx", "1"],
    ["index.docker.io/nginx", "docker.io", "library/nginx", "latest"],
    ["ghcr.io/owner/app:v1.2.3", "ghcr.io", "owner/app", "v1.2.3"],
    ["registry.example.com/app", "registry.example.com", "app", "latest"],
    ["registry.example.com:5000/a/b/c:1", "registry.example.com:5000", "a/b/c", "1"],
    ["myregistry:5000/app", "myregistry:5000", "app", "latest"],
    ["localhost/app", "localhost", "app", "latest"],
    ["localhost:5000/app:1", "localhost:5000", "app", "1"],
    ["Registry/app", "Registry", "app", "latest"],
    ["10.0.0.1/app", "10.0.0.1", "app", "latest"],
    ["[2001:db8::1]:5000/app:1", "[2001:db8::1]:5000", "app", "1"],
    ["a-b/c--d/e__f/g.h_i", "docker.io", "a-b/c--d/e__f/g.h_i", "latest"],
    ["app:_Tag.-", "docker.io", "library/app", "_Tag.-"],
    [`app:${"t".repeat(128)}`, "docker.io", "library/app", "t".repeat(128)],
    [`example.com/${"r".repeat(255)}`, "example.com", "r".repeat(255), "latest"],
    [`nginx@${SHA256}`, "docker.io", "library/nginx", SHA256],
    [`nginx:1@${SHA256}`, "docker.io", "library/nginx", SHA256],
    [`localhost:5000/app:1@${SHA512}`, "localhost:5000", "app", SHA512],
  ])("%s", (image, domain, repository, reference) => {
    expect(parseImageName(image)).toEqual({ domain, repository, reference });
  });
});

describe("an image's name is refused, and quoted", () => {
  test.each([
    "",
    " ",
    " nginx",
    "nginx ",
    "nginx\n",
    "Nginx",
    "nginx:",
    "nginx:-tag",
    "nginx:a b",
    "nginx:1:2",
    `nginx:${"t".repeat(129)}`,
    "nginx@",
    "nginx@latest",
    "nginx@sha256:0123",
    `nginx@${SHA256.toUpperCase()}`,
    `nginx@${SHA256}@${SHA256}`,
    `nginx@md5:${"0".repeat(32)}`,
    "/nginx",
    "nginx/",
    "a//b",
    "0123456789abcdef".repeat(4),
    "registry.example.com/",
    "registry.example.com//app",
    "registry.example.com/App",
    "registry.example.com/../app",
    "registry.example.com/.app",
    "registry.example.com/app-",
    "registry.example.com/a___b",
    "registry.example.com/a..b",
    "registry.example.com:port/app",
    "-registry.example.com/app",
    "registry_1.example.com/app",
    "registry.example.com?x/app",
    "https://registry.example.com/app",
    "[::1/app",
    `example.com/${"r".repeat(256)}`,
  ])("%p", async (image) => {
    const error = await caught(() => parseImageName(image));
    expect(error.code).toBe("image_name_invalid");
    expect(error.message).toContain(JSON.stringify(image));
  });
});

describe("a name and password in an image's name are refused, and not quoted", () => {
  test.each([
    ["user:password@registry.example.com/app", '"…@registry.example.com/app"'],
    ["user:password@registry.example.com:5000", '"…@registry.example.com:5000"'],
    ["user:p@ssword@registry.example.com/app", '"…@registry.example.com/app"'],
    [`user:password@registry.example.com/app@${SHA256}`, `"…@registry.example.com/app@${SHA256}"`],
    ["https://user:password@registry.example.com/app", '"…@registry.example.com/app"'],
    [`user:password@registry:${COMMIT}`, `"…@registry:${COMMIT}"`],
  ])("%s", async (image, shown) => {
    const { code, message } = await caught(() => parseImageName(image));
    expect(code).toBe("image_name_invalid");
    expect(message).toContain(shown);
    expect(message).not.toContain("ssword");
  });
});

test("Docker Hub's images are served by another host than its name, all others by their own", () => {
  expect(registryHost("docker.io")).toBe("registry-1.docker.io");
  expect(registryHost("registry.example.com:5000")).toBe("registry.example.com:5000");
});
