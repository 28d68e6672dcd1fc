/** `npm run audit` at a registry of the test's own: the real npm, over HTTP. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageFile from "../../package.json" with { type: "json" };
import { runPlainly } from "../support/run-plainly.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/audit.ts", import.meta.url));
const SHIPPED = "yaml";
const FOR_DEVELOPMENT = "fast-check";

let home: string;
let server: Bun.Server<undefined>;
/** How it answers the question of npm's. */
let answer: () => Response;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "piggy-audit-"));
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (request.method === "POST") return answer();
      const name = decodeURIComponent(pathname.slice(1));
      const versions = { "0.0.1": { name, version: "0.0.1" } };
      return Response.json({ name, versions, "dist-tags": { latest: "0.0.1" } });
    },
  });
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

async function audit(how: () => Response) {
  answer = how;
  const environment = {
    PATH: process.env["PATH"],
    HOME: home,
    npm_config_registry: server.url.href,
    // It keeps what it was told.
    npm_config_cache: await mkdtemp(join(home, "cache-")),
    npm_config_fetch_retries: "0",
  };
  return runPlainly([process.execPath, SCRIPT], environment);
}

const advisory = (name: string, severity: string) => () =>
  Response.json({
    [name]: [
      {
        id: 1,
        url: "https://example.com/advisory",
        title: "Reads what it should not",
        severity,
        vulnerable_versions: "*",
        cwe: [],
        cvss: { score: 0, vectorString: null },
      },
    ],
  });

test("the packages are those that are meant here", () => {
  expect(Object.keys(packageFile.dependencies)).toContain(SHIPPED);
  expect(Object.keys(packageFile.devDependencies)).toContain(FOR_DEVELOPMENT);
});

test("nothing that is known is said", async () => {
  const { exitCode, stdout } = await audit(() => Response.json({}));
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "nothing is known against what is shipped\n" });
});

test.each(["high", "critical"])("what is %s fails, with what it is", async (severity) => {
  const { exitCode, stdout } = await audit(advisory(SHIPPED, severity));
  expect(exitCode).toBe(1);
  expect(stdout).toContain(
    `${severity}: ${SHIPPED}\n  Reads what it should not https://example.com/advisory\n`,
  );
});

test("what is less is said, and does not fail", async () => {
  const { exitCode, stdout } = await audit(advisory(SHIPPED, "moderate"));
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`moderate: ${SHIPPED}\n`);
});

test("what is known of a package that is not shipped is nothing", async () => {
  const { exitCode, stdout } = await audit(advisory(FOR_DEVELOPMENT, "critical"));
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "nothing is known against what is shipped\n" });
});

test("a registry that keeps no such list is said, and does not fail", async () => {
  const { exitCode, stdout } = await audit(() => new Response("", { status: 405 }));
  expect(exitCode).toBe(0);
  expect(stdout).toContain("nobody was asked: the registry does not offer npm audit: 405");
});

test("a registry that cannot answer now fails", async () => {
  const { exitCode, stdout } = await audit(() => new Response("", { status: 500 }));
  expect(exitCode).toBe(1);
  expect(stdout).toContain("npm audit could not ask: 500");
});
