/** Standalone mode connects to where the secret is while it still asks STS who it is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probe, run } from "./piggy-env.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-prepared-"));
  await writeFile(join(directory, "token"), "web-identity-token");
});
afterAll(() => rm(directory, { recursive: true }));

const STS_ANSWER = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

const SECRET_ANSWER = JSON.stringify({ Name: "app", SecretString: JSON.stringify({ KEY: "the-value" }) });

function answerOf(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

test.each([
  ["the container's secret", "piggy:KEY"],
  ["a secret of its own", "piggy://sm/app#/KEY"],
])(
  "%s has a connection before STS has answered, and it is the one that is used",
  async (_what, reference) => {
    let connections = 0;
    const storeReached = Promise.withResolvers<void>();
    const store = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open() {
          connections += 1;
          storeReached.resolve();
        },
        data: (socket) => void socket.write(answerOf(SECRET_ANSWER)),
      },
    });
    const sts = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch() {
        // Whoever connects to the store only now waits for ever.
        await storeReached.promise;
        return new Response(STS_ANSWER);
      },
    });
    try {
      const outcome = await run(
        ["--standalone", "--secret", "app", "--region", "eu-west-1", "--", await probe()],
        {
          A: reference,
          AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/app",
          AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, "token"),
          AWS_ENDPOINT_URL_STS: sts.url.origin,
          AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${store.port}`,
        },
      );
      expect(outcome.started().environment).toContain("A=the-value");
      expect(connections).toBe(1);
    } finally {
      store.stop(true);
      await sts.stop(true);
    }
  },
  60_000,
);
