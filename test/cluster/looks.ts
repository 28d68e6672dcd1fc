/** What piggy-webhooks looks at again and again, one look after the other, as the API server's audit log has it. */
import { eventually } from "../apiserver/objects.ts";
import type { Asked, AuditLog } from "./audit.ts";

/** Resolves when a look that has yet to begin is over: the one after it has begun. */
export async function untilLooked(
  audit: Pick<AuditLog, "requests">,
  isBeginning: (request: Asked) => boolean,
): Promise<void> {
  // Not by what is in the log by now: the line of a look that was before may be late.
  const now = Date.now();
  const isLater = (request: Asked) => request.receivedAt > now && isBeginning(request);
  await eventually("a look begins after the next", async () => {
    return (await audit.requests()).filter(isLater).length >= 2;
  });
}
