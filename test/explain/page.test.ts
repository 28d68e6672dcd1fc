import { expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { runPlainly } from "../support/run-plainly.ts";

setDefaultTimeout(60_000);

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("what docs/explain.md shows is what is printed", async () => {
  const page = await Bun.file(`${ROOT}docs/explain.md`).text();
  const [, parameters = "", shown = ""] = /\$ npm run -s explain -- (.*)\n([^⋯]*)⋯\n```/.exec(page) ?? [];
  const argv = [process.execPath, "server.ts", "explain", ...parameters.split(" ")];
  const { exitCode, stdout } = await runPlainly(argv, { HOME: "/nonexistent" }, ROOT);
  expect(exitCode).toBe(0);
  expect(shown).toContain("not known: ");
  expect(stdout).toStartWith(shown);
});
