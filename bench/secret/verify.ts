/** Every server must give the right secret before it matters how fast it does. */
import type { Server } from "../server.ts";
import { formatRequests } from "./caller.ts";
import type { Stage } from "./stage.ts";

/**
 * Asks every server for one Pod, which is to get its own password, and from each the same.
 * @throws Error that says what is wrong
 */
export async function verifyAnswers(servers: readonly Server[], { callers, pod, ca }: Stage): Promise<void> {
  const { headers, body, expect } = JSON.parse(formatRequests(callers.slice(0, 1), pod));
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
    tls: { ca },
  };
  const answers = await Promise.all(
    servers.map(async ({ name, address }) => {
      const response = await fetch(`https://${address}/secret`, request);
      const text = await response.text();
      if (!response.ok || !text.includes(expect))
        throw new Error(`${name} should answer with ${expect}, and does with ${response.status} ${text}`);
      return text;
    }),
  );
  for (const [index, { name }] of servers.entries()) {
    const [first = "", answer = ""] = [answers[0], answers[index]];
    if (!Bun.deepEquals(JSON.parse(answer), JSON.parse(first)))
      throw new Error(`${name} answers otherwise than ${servers[0]?.name}:\n${answer}\n${first}`);
  }
}
