import { expect, test } from "bun:test";
import { until } from "../support/until.ts";
import type { Asked } from "./audit.ts";
import { untilLooked } from "./looks.ts";

const PATH = "/version";

const asked = (path: string, receivedAt: number): Asked => ({
  verb: "get",
  path,
  group: "",
  resource: undefined,
  namespace: undefined,
  name: undefined,
  status: 200,
  receivedAt,
});

test("a look from before whose line comes late does not count, nor does what is no look", async () => {
  const lines: Asked[] = [];
  let [reads, isOver] = [0, false];
  const audit = {
    async requests() {
      reads += 1;
      return [...lines];
    },
  };
  const readAgain = async () => {
    const before = reads;
    await until(() => isOver || reads > before + 1);
  };
  const before = Date.now();
  const looked = untilLooked(audit, ({ path }) => path === PATH).then(() => {
    isOver = true;
  });
  const later = Date.now() + 1;
  lines.push(asked(PATH, before - 1), asked(PATH, later), asked("/api/v1/nodes", later + 1));
  await readAgain();
  expect(isOver).toBe(false);
  lines.push(asked(PATH, later + 5000));
  await looked;
});
