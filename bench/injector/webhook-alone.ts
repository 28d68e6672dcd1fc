/** What of a start in proxy mode is the webhook's own work: the same question over a connection that is kept. */
import { readFile } from "node:fs/promises";
import { argvDigest } from "../../lib/signature.ts";
import type { World } from "../../test/support/world.ts";
import type { Case } from "../interleave.ts";
import type { Start } from "../start.ts";

export async function webhookCase(name: string, world: World, { argv, environment }: Start): Promise<Case> {
  const token = await readFile(environment["PIGGY_TOKEN_FILE"] ?? "", "utf8");
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Token": token.trim() },
    body: JSON.stringify({
      resources: "pods",
      name: environment["PIGGY_POD_NAME"] ?? "",
      uid: environment["PIGGY_UID"] ?? "",
      signature: argvDigest(argv.slice(argv.indexOf("--") + 1)),
      references: ["TEST_ENV"],
    }),
    tls: { ca: world.authority.pem },
  };
  return {
    name,
    async once() {
      const startedAt = performance.now();
      const response = await fetch(`${world.url}/secret`, request);
      await response.text();
      const milliseconds = performance.now() - startedAt;
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      return { milliseconds, peakMemory: undefined };
    },
  };
}
