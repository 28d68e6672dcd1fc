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
  const ending = new AbortController();

  failure = new Error("the API server is away");
  expect(read("shop", "puller", ending)).rejects.toThrow("away");
  failure = undefined;
  expect(await read("shop", "puller", ending)).toEqual(["puller-login"]);
  expect(await read("shop", "puller", ending)).toEqual(["puller-login"]);
  expect(await read("bank", "puller", ending)).toEqual(["puller-login"]);
  now = 4_999;
  await read("shop", "puller", ending);
  expect(asked).toEqual(["shop/puller", "shop/puller", "bank/puller"]);
  now = 5_000;
  await read("shop", "puller", ending);
  expect(asked).toHaveLength(4);
});
