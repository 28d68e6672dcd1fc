import { describe, expect, test } from "bun:test";
import { checkAddress, originOf, parseOrigins } from "../../lib/registry/endpoint.ts";
import { parseMirrors } from "../../lib/registry/source.ts";
import { caught } from "./caught.ts";

const settings = {
  trustedOrigins: new Set(["http://127.0.0.1:5000", "https://localhost:5000", "http://plain.example.com"]),
};

describe("a registry's origin", () => {
  test.each<[host: string, origin: string]>([
    ["registry.example.com", "https://registry.example.com"],
    ["registry.example.com:5000", "https://registry.example.com:5000"],
    ["127.0.0.1:5000", "http://127.0.0.1:5000"],
    ["127.0.0.1:5001", "https://127.0.0.1:5001"],
    ["localhost:5000", "https://localhost:5000"],
    ["plain.example.com", "http://plain.example.com"],
    ["plain.example.com:80", "http://plain.example.com"],
    ["Plain.Example.com", "http://plain.example.com"],
    ["plain.example.com:8080", "https://plain.example.com:8080"],
    ["Registry.example.com:80", "https://Registry.example.com:80"],
  ])("of %s is %s", (host, origin) => {
    expect(originOf(host, settings)).toBe(origin);
  });
});

describe("an address is asked", () => {
  test.each([
    "https://registry.example.com/v2/",
    "https://10.96.0.10/v2/",
    "https://[2001:db8::1]:5000/v2/",
    "https://[fd00:10:96::1]/v2/",
    "https://[64:ff9b::192.0.2.1]/v2/",
    "https://[64:ff9b::10.96.0.10]/v2/",
    "https://localhost.example.com/v2/",
    "https://127.example.com/v2/",
    "http://127.0.0.1:5000/v2/",
    "https://localhost:5000/v2/",
    "http://plain.example.com:80/token?service=x",
  ])("%s", (address) => {
    expect(checkAddress(address, settings).href).toBe(new URL(address).href);
  });
});

test.each(["http://registry.local:80", "http://Registry.local", "HTTP://REGISTRY.LOCAL:80/"])(
  "an origin is an operator's however they write it: %s",
  (text) => {
    const trustedOrigins = parseOrigins(text);
    for (const host of ["registry.local", "registry.local:80", "Registry.Local:80"]) {
      expect(originOf(host, { trustedOrigins })).toBe("http://registry.local");
    }
  },
);

test("a password in an operator's setting is not told where the setting cannot be read", async () => {
  for (const read of [
    () => parseOrigins("ftp://user:p@ssword@registry.local"),
    () => parseMirrors("docker.io=https://user:p@ssword@mirror.example.com", new Set()),
    () => parseOrigins(`ftp://user:${"ssword".repeat(100)}@registry.local`),
  ]) {
    const { code, message } = await caught(read);
    expect(code).toBe("setting_invalid");
    expect(message).not.toContain("ssword");
  }
});

describe("an address is refused", () => {
  const refusal = async (address: string) => {
    const error = await caught(() => checkAddress(address, settings));
    expect(error.code).toBe("image_host_refused");
    expect(error.message).toContain("PIGGY_REGISTRY_ORIGINS");
    return error.message;
  };

  test.each(["http://registry.example.com/", "ftp://registry.example.com/", "file:///etc/passwd", "data:,x"])(
    "that is not https: %s",
    async (address) => expect(await refusal(address)).toContain("it is not https"),
  );

  test.each([
    "https://localhost/",
    "https://LOCALHOST:5001/",
    "https://localhost./",
    "https://%6cocalhost/",
    "https://a.localhost/",
    "https://127.0.0.1/",
    "https://127.0.0.1:5000/",
    "https://127.255.255.254/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://0/",
    "https://169.254.169.254/",
    "https://0xa9fea9fe/",
    "https://user@127.0.0.1/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]:5000/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[0:0:0:0:0:FFFF:7F00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[64:ff9b::]/",
    "https://[64:ff9b::0.0.0.1]/",
    "https://[64:ff9b:1::127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[FEBF::1]/",
    "https://[fd00:ec2::254]/",
  ])("that is on this machine or its link: %s", async (address) => {
    expect(await refusal(address)).toContain("it is on this machine or its link");
  });

  test.each(["", "registry.example.com", "https://", "https://[::1", "https://a b/", "//x"])(
    "that is none: %p",
    async (address) => expect(await refusal(address)).toContain("it is no address"),
  );

  test("without its query, which may hold a signature", async () => {
    expect(await refusal("http://storage.example.com/blob?X-Amz-Signature=abc")).not.toContain("abc");
  });
});
