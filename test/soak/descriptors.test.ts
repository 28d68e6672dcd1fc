/** What a process has open. */
import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
import { descriptorsOf, keptOf, ownOf } from "../../soak/descriptors.ts";
import { until } from "../support/until.ts";

test("is told apart by what it is for", async () => {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const before = await descriptorsOf(process.pid);
  const file = openSync("/dev/null", "r");
  const socket = connect(server.port, "127.0.0.1");
  try {
    await new Promise((connected) => socket.once("connect", connected));
    const { port } = server;
    // What the kernel has accepted is a descriptor a little later.
    await until(async () => `accepted on ${port}` in (await descriptorsOf(process.pid)));
    const now = await descriptorsOf(process.pid);
    expect(before[`listens on ${port}`]).toBe(1);
    expect(now).toMatchObject({
      [`listens on ${port}`]: 1,
      [`accepted on ${port}`]: 1,
      [`to port ${port}`]: 1,
      file: (before["file"] ?? 0) + 1,
    });
    expect(keptOf(now)).toBe(keptOf(before) + 1);
    expect(ownOf(now)).toBeGreaterThanOrEqual(ownOf(before) + 2);
  } finally {
    socket.destroy();
    closeSync(file);
    server.stop(true);
  }
});

test("of a process that has ended is an error", async () => {
  await expect(descriptorsOf(2 ** 22 + 1)).rejects.toThrow();
});
