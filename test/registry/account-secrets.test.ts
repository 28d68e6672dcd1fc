/** How long the names of a service account's imagePullSecrets are kept. */
import { expect, test } from "bun:test";
import { keepAccountSecrets } from "../../lib/registry/account-secrets.ts";

test("five seconds for each account, and nothing is kept of a failure", async () => {
  let now = 0;
  const asked: string[] = [];
  let failure: Error | undefined;
  const read = keepAccountSecrets(
    async (namespace, name) => {
      asked.push(`${namespace}/${name}`);
      if (failure !== undefined) throw failure;
      return [`${name}-login`];
    },
    () => now,
  );
  const { signal } = new AbortController();

  failure = new Error("the API server is away");
  expect(read("shop", "puller", signal)).rejects.toThrow("away");
  failure = undefined;
  expect(await read("shop", "puller", signal)).toEqual(["puller-login"]);
  expect(await read("shop", "puller", signal)).toEqual(["puller-login"]);
  expect(await read("bank", "puller", signal)).toEqual(["puller-login"]);
  now = 4_999;
  await read("shop", "puller", signal);
  expect(asked).toEqual(["shop/puller", "shop/puller", "bank/puller"]);
  now = 5_000;
  await read("shop", "puller", signal);
  expect(asked).toHaveLength(4);
});
