/** How long a login at ECR is kept, by a clock of the test's own; what AWS answers is tested through the webhook. */
import { describe, expect, test } from "bun:test";
import { PiggyError } from "../../lib/error.ts";
import { type AskEcr, createEcrLogins } from "../../lib/registry/ecr-logins.ts";
import { caught } from "./caught.ts";

const IRELAND = { region: "eu-west-1", fips: false };
const HOUR_MS = 3_600_000;

/** AWS, which gives logins that are good for twelve hours. */
function asker(failure?: () => PiggyError | undefined) {
  const clock = { now: 1_000_000 };
  const asked: string[] = [];
  const ask: AskEcr = async ({ region, fips }) => {
    asked.push(`${region}${fips ? " by FIPS" : ""}`);
    const error = failure?.();
    if (error !== undefined) throw error;
    return { username: "AWS", password: `p${asked.length}`, expiresAt: clock.now + 12 * HOUR_MS };
  };
  const logins = createEcrLogins(ask, () => clock.now);
  const login = (registry = IRELAND, signal = AbortSignal.timeout(10_000)) => logins(registry, signal);
  return { clock, asked, login };
}

describe("a login", () => {
  test("is kept until five minutes before it ends", async () => {
    const { clock, asked, login } = asker();
    expect(await login()).toEqual({ username: "AWS", password: "p1" });
    clock.now += 12 * HOUR_MS - 5 * 60_000 - 1;
    expect(await login()).toEqual({ username: "AWS", password: "p1" });
    clock.now += 1;
    expect(await login()).toEqual({ username: "AWS", password: "p2" });
    expect(asked).toHaveLength(2);
  });

  test("is that of its region and endpoint", async () => {
    const { asked, login } = asker();
    await login();
    await login({ region: "eu-west-2", fips: false });
    await login({ region: "eu-west-1", fips: true });
    await login();
    expect(asked).toEqual(["eu-west-1", "eu-west-2", "eu-west-1 by FIPS"]);
  });

  test("is asked for once by all who want it at the same time", async () => {
    const { asked, login } = asker();
    await Promise.all(Array.from({ length: 20 }, () => login()));
    expect(asked).toHaveLength(1);
  });

  test("is waited for no longer than there is time", async () => {
    const { login } = asker();
    const { code, message } = await caught(() => login(IRELAND, AbortSignal.abort()));
    expect([code, message]).toEqual(["registry_unavailable", expect.stringContaining("eu-west-1")]);
  });
});

describe("a login that is not given", () => {
  test.each(["credentials_missing", "aws_access_denied", "aws_error"] as const)(
    "for %s is not asked for again within five seconds",
    async (code) => {
      let failure: PiggyError | undefined = new PiggyError(code, "no");
      const { clock, asked, login } = asker(() => failure);
      expect((await caught(login)).code).toBe("image_unauthorized");
      clock.now += 4_999;
      expect((await caught(login)).code).toBe("image_unauthorized");
      expect(asked).toHaveLength(1);
      failure = undefined;
      clock.now += 1;
      expect((await login()).username).toBe("AWS");
    },
  );

  test.each(["aws_throttled", "aws_unavailable"] as const)("for %s may be given now", async (code) => {
    let failure: PiggyError | undefined = new PiggyError(code, "not now");
    const { login } = asker(() => failure);
    expect((await caught(login)).code).toBe("registry_unavailable");
    failure = undefined;
    expect((await login()).username).toBe("AWS");
  });
});
