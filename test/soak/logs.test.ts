/** What a soak run makes of what Pods and the API server say, and how it follows what is written. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followLogs, type LogLine } from "../../soak/log-follower.ts";
import { readPodLine } from "../../soak/pod-log.ts";
import { refusalOf } from "../../soak/refusal.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "piggy-logs-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const line = (text: string, tag = "F") => `2026-11-28T14:00:00.123456789Z stdout ${tag} ${text}\n`;

test("every line of every container is read: of such as were rotated, went on, or are gone", async () => {
  const container = join(folder, "soak_one_0a-1b", "main");
  await mkdir(container, { recursive: true });
  await mkdir(join(folder, "other_two_0c-1d", "main"), { recursive: true });
  await writeFile(join(container, "0.log"), line("first"));
  await writeFile(join(folder, "other_two_0c-1d", "main", "0.log"), line("of nobody"));
  const lines: LogLine[] = [];
  const follower = followLogs(folder, ["soak"], (each) => lines.push(each));
  const texts = () => lines.map(({ start, text }) => `${start} ${text}`);
  const until = async (count: number) => {
    while (lines.length < count) await Bun.sleep(5);
  };
  await until(1);
  await appendFile(join(container, "0.log"), line("long, ", "P") + line("and its end"));
  await until(2);
  await rename(join(container, "0.log"), join(container, "0.log.20261128-140000"));
  await writeFile(join(container, "1.log"), line("of the next"));
  await until(3);
  await appendFile(join(container, "1.log"), line("last"));
  await rm(join(folder, "soak_one_0a-1b"), { recursive: true });
  await follower.stop();
  expect(texts()).toEqual(["0 first", "0 long, and its end", "1 of the next", "1 last"]);
  expect(lines[0]).toMatchObject({ namespace: "soak", pod: "one", container: "main" });
});

test("a Pod's line is its program's word, the injector's last one, or nothing", () => {
  expect(readPodLine("one", "said at=1.5 KEY=00").kind).toBe("said");
  const fatal = (code: string) =>
    readPodLine("one", `{"level":"fatal","time":"","code":"${code}","message":""}`);
  expect(fatal("aws_throttled")).toEqual({ kind: "gave up", code: "aws_throttled" });
  expect(fatal("webhook_untrusted")).toMatchObject({ finding: { kind: "certificate not valid" } });
  expect(fatal("not_allowed")).toMatchObject({ finding: { kind: "wrongly denied" } });
  expect(fatal("aws_credentials_refused")).toMatchObject({ finding: { kind: "wrongly denied" } });
  expect(readPodLine("one", '{"level":"warn","code":"not_allowed"}')).toEqual({ kind: "other" });
});

test.each([
  [
    500,
    'failed calling webhook "w": Post "https://w": dial tcp: connect: connection refused',
    "webhook away",
  ],
  [
    500,
    'failed calling webhook "w": tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    "the webhook's certificate",
  ],
  [400, 'admission webhook "w" denied the request: image_not_found', "refused by the webhook"],
  [503, "the server is shutting down", "API server away"],
  [422, "invalid", "another reason"],
] as const)("%d %s", (status, message, why) => {
  expect(refusalOf(status, message)).toBe(why);
});
