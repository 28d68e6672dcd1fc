/** kubeconfigs, and who somebody is in them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readKubeconfig } from "../../../lib/kubernetes/kubeconfig.ts";
import { damaged } from "../near.ts";
import { HUSH, readLater, reasonOf } from "../read.ts";
import { target } from "../target.ts";
import { YAML_GRAMMAR } from "./yaml.ts";

const CONFIG = `apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {cluster: here, user: me, namespace: shop}
clusters:
- name: here
  cluster:
    server: https://127.0.0.1:6443
    insecure-skip-tls-verify: true
users:
- name: me
  user:
    token: ${HUSH}
`;
/** Names are told, and a name may be damaged to hold anything. */
const unquoted = (message: string) => message.replace(/"(?:[^"\\]|\\.)*"/g, "_");

const folder = mkdtempSync(join(tmpdir(), "piggy-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

export const kubeconfigs = target({
  name: "kubeconfig",
  inputs: damaged(fc.constantFrom(CONFIG, JSON.stringify(Bun.YAML.parse(CONFIG))), [
    ...YAML_GRAMMAR,
    "tokenFile: ",
    "client-key-data: ",
    "username: ",
    "server: ",
    "proxy-url: ",
  ]),
  async check(given) {
    // A program that is named there would be run.
    if (given.includes("exec")) return "left out";
    const file = join(folder, "config");
    writeFileSync(file, given);
    const reading = await readLater(
      () => readKubeconfig([file], { file, context: undefined, environment: {} }),
      unquoted,
    );
    if (!reading.ok)
      return reasonOf({
        ...reading,
        message: reading.message
          .replaceAll(folder, "")
          .replace(/no YAML: .*/s, "no YAML")
          .replace(/ENOENT.*/s, ""),
      });
    const { server, context } = reading.value;
    if (new URL(server.url).protocol !== "https:" || context === "") throw new Error("it leads nowhere");
    return reading.value.token === undefined ? "as nobody" : "as somebody";
  },
});
