/** Bun, and what is linked into it. */
import type { Architecture } from "../bundle/architecture.ts";
import pins from "../bundle/pins.json" with { type: "json" };
import parts from "./bun-parts.json" with { type: "json" };
import type { Component } from "./component.ts";
import { checksumOf } from "./npm-packages.ts";

/** Of process.versions what is nothing that is linked in: what Bun is compatible with, or was made by. */
const NO_PARTS = ["bun", "node", "modules", "napi", "openssl", "unicode", "uv", "v8", "zig"];

const NOTICE = `Bun links what is listed below. Its own statement about that, and how Bun is built again with another
JavaScriptCore, which the LGPL gives everybody the right to do, is at
https://github.com/oven-sh/bun/blob/bun-v${pins.bun.version}/LICENSE.md`;

/**
 * @param versions what this Bun says that it is made of: the one that is shipped is of the same version
 * @throws Error when it is not, or names what bun-parts.json has no licence of
 */
export function bunComponent(
  architecture: Architecture,
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): Component {
  const { version } = pins.bun;
  if (versions["bun"] !== version) {
    throw new Error(`this is Bun ${versions["bun"]}, and ${version} is shipped: package.json and pins.json`);
  }
  const known = new Set([...NO_PARTS, ...parts.map((part) => part.version)]);
  const unknown = Object.keys(versions).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `Bun ${version} links ${unknown.join(", ")}, whose licence is not known: add it to bun-parts.json`,
    );
  }
  const { package: name, integrity } = pins.bun[architecture];
  return {
    name: "bun",
    version,
    licence: "MIT",
    notice: NOTICE,
    website: "https://bun.com",
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    checksum: checksumOf(integrity),
    parts: parts.map(({ version: key, ...part }) => ({
      ...part,
      version: key === undefined ? undefined : versions[key],
    })),
  };
}
