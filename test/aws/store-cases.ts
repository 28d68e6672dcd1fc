/** What either transport reads, whoever stands behind AWS's protocol: our fake, or moto. */
import { describe, expect, test } from "bun:test";
import type { EntryLocation } from "../../lib/aws/entry.ts";
import type { StoreLocation } from "../../lib/aws/store.ts";
import { PiggyError } from "../../lib/error.ts";
import type { ParameterEntry, ParameterLabel, SecretEntry } from "../fakes/aws.ts";
import { type Environment, transports } from "./transports.ts";

export interface Backend {
  /** As AWS_ENDPOINT_URL has it. */
  readonly url: string;
  /** Creates it or adds a version, which becomes AWSCURRENT. */
  putSecret(
    secret: Pick<SecretEntry, "region" | "name" | "value">,
  ): Promise<{ arn: string; versionId: string }>;
  /** Marks it for deletion. */
  deleteSecret(secret: { readonly region: string; readonly name: string }): Promise<void>;
  /** Creates it or adds a version. */
  putParameter(parameter: Omit<ParameterEntry, "kmsDenied">): Promise<{ arn: string }>;
  labelParameter(label: ParameterLabel): Promise<void>;
}

const REGION = "eu-west-1";
const VALUE = "the-value-itself";
const REQUEST_ID = /^[0-9a-zA-Z-]{20,60}$/;

type OfSecret = Omit<EntryLocation & { kind: "secret" }, "kind" | "region">;
type OfParameter = Omit<EntryLocation & { kind: "parameter" }, "kind" | "region">;

const secret = (of: OfSecret, region = REGION): EntryLocation => ({ kind: "secret", region, ...of });
const parameter = (of: OfParameter, region = REGION): EntryLocation => ({ kind: "parameter", region, ...of });
const keys = (name: string, version = "AWSCURRENT", region = REGION): StoreLocation => ({
  kind: "secret",
  name,
  version,
  region,
});
const path = (of: string): StoreLocation => ({ kind: "path", path: of, region: REGION });

let names = 0;
/** What a test puts is its own: a backend keeps all of it. */
function fresh(name: string): string {
  names += 1;
  return `t${names}/${name}`;
}

/** @param credentials those that the backend accepts */
export function storeCases(backend: () => Backend, credentials: Environment): void {
  describe.each(transports)("%s", (_name, create) => {
    const store = () => create({ ...credentials, AWS_ENDPOINT_URL: backend().url });
    const signal = () => AbortSignal.timeout(30_000);
    const readStore = (location: StoreLocation) => store().readStore(location, signal());
    const readEntry = (location: EntryLocation) => store().readEntry(location, signal());
    const putSecret = (name: string, value: string | Uint8Array, region = REGION) =>
      backend().putSecret({ region, name, value });

    describe("the keys of a secret", () => {
      test("are read with its version", async () => {
        const name = fresh("plain");
        const value = JSON.stringify({ A: VALUE, COUNT: 12, ABSENT: null });
        const { versionId, arn } = await putSecret(name, value);
        const { values, version, arns, requestId } = await readStore(keys(name));
        expect(Object.fromEntries(values)).toEqual({ A: VALUE, COUNT: "12" });
        expect({ version, arns }).toEqual({ version: versionId, arns: [arn] });
        expect(requestId).toMatch(REQUEST_ID);
      });

      test("keep a number's digits", async () => {
        const name = fresh("digits");
        await putSecret(name, '{"ACCOUNT":12345678901234567890}');
        expect((await readStore(keys(name))).values.get("ACCOUNT")).toBe("12345678901234567890");
      });

      test("are read by the secret's ARN", async () => {
        const { arn } = await putSecret(fresh("by-arn"), `{"A":"${VALUE}"}`);
        expect((await readStore(keys(arn))).values.get("A")).toBe(VALUE);
      });

      test("are those of the version that a stage or an id names", async () => {
        const name = fresh("versions");
        const first = await putSecret(name, '{"A":"first"}');
        await putSecret(name, '{"A":"second"}');
        const valueAt = async (version?: string) => (await readStore(keys(name, version))).values.get("A");
        expect(await valueAt()).toBe("second");
        expect(await valueAt("AWSPREVIOUS")).toBe("first");
        expect(await valueAt(first.versionId)).toBe("first");
      });

      test("are read from bytes that are a JSON object", async () => {
        const name = fresh("binary");
        await putSecret(name, new TextEncoder().encode(`{"A":"${VALUE}"}`));
        expect((await readStore(keys(name))).values.get("A")).toBe(VALUE);
      });
    });

    describe("the parameters of a path", () => {
      test("are read to the last page, decrypted, by the last segment of each name", async () => {
        const at = `/${fresh("paged")}`;
        const put = Array.from({ length: 25 }, (_, index) => `${at}/${index % 2 ? "deep/" : ""}KEY_${index}`);
        for (const [index, name] of put.entries()) {
          await backend().putParameter({
            region: REGION,
            name,
            value: `value ${index}`,
            type: "SecureString",
          });
        }
        await backend().putParameter({ region: REGION, name: `${at}2/KEY_99`, value: "beside it" });
        const { values, version, arns, requestId } = await readStore(path(at));
        const expected = put.map((_, index) => [`KEY_${index}`, `value ${index}`] as const);
        expect(Object.fromEntries(values)).toEqual(Object.fromEntries(expected));
        expect(version).toBeUndefined();
        const nameIn = (arn: string) => arn.slice(arn.indexOf(":parameter") + ":parameter".length);
        expect(arns.map(nameIn).sort()).toEqual([...put].sort());
        expect(requestId).toMatch(REQUEST_ID);
      });

      test("are none where there are none", async () => {
        const { values, arns } = await readStore(path("/nothing/here"));
        expect([[...values], arns]).toEqual([[], []]);
      });
    });

    describe("one secret", () => {
      test.each([VALUE, '{"A":1}', " \n"])("is read whole, whatever its text is: %j", async (value) => {
        const name = `rds!cluster-1/${fresh("a+b=c@d.e")}`;
        const { versionId, arn } = await putSecret(name, value);
        const requestId = expect.stringMatching(REQUEST_ID);
        expect(await readEntry(secret({ name }))).toEqual({ value, version: versionId, arn, requestId });
      });

      test("is read as bytes where it is binary", async () => {
        const name = fresh("bytes");
        await putSecret(name, Uint8Array.of(0, 255, 10, 128));
        const { value } = await readEntry(secret({ name }));
        expect(value instanceof Uint8Array ? [...value] : value).toEqual([0, 255, 10, 128]);
      });

      test("is read in the version that an id, a stage, or both name", async () => {
        const name = fresh("versions");
        const ids: string[] = [];
        for (const value of ["one", "two", "three"]) ids.push((await putSecret(name, value)).versionId);
        const valueAt = async (of: Omit<OfSecret, "name">) =>
          (await readEntry(secret({ name, ...of }))).value;
        expect(await valueAt({})).toBe("three");
        expect(await valueAt({ stage: "AWSCURRENT" })).toBe("three");
        expect(await valueAt({ stage: "AWSPREVIOUS" })).toBe("two");
        expect(await valueAt({ version: ids[0] ?? "" })).toBe("one");
        expect(await valueAt({ version: ids[1] ?? "", stage: "AWSPREVIOUS" })).toBe("two");
      });

      test("is read by a whole ARN and by one without its suffix", async () => {
        const { arn } = await putSecret(fresh("by-arn"), VALUE);
        for (const name of [arn, arn.slice(0, -7)]) {
          expect((await readEntry(secret({ name }))).value).toBe(VALUE);
        }
      });

      test.each([
        ["cn-north-1", "arn:aws-cn:"],
        ["us-gov-west-1", "arn:aws-us-gov:"],
      ])("is read by its ARN in %s", async (region, begin) => {
        const { arn } = await putSecret(fresh("far"), VALUE, region);
        expect(arn).toStartWith(`${begin}secretsmanager:${region}:`);
        expect((await readEntry(secret({ name: arn }, region))).value).toBe(VALUE);
      });
    });

    describe("one parameter", () => {
      test.each(["String", "StringList", "SecureString"] as const)("is read as a %s", async (type) => {
        const name = `/${fresh("KEY")}`;
        await backend().putParameter({ region: REGION, name, value: "x,y", type });
        expect(await readEntry(parameter({ name }))).toMatchObject({ value: "x,y", version: "1" });
      });

      test("is read in the version that a number or a label names", async () => {
        const name = `/${fresh("KEY")}`;
        for (const value of ["one", "two", "three"])
          await backend().putParameter({ region: REGION, name, value });
        await backend().labelParameter({ region: REGION, name, version: 2, label: "stable" });
        const at = async (of: Omit<OfParameter, "name">) => readEntry(parameter({ name, ...of }));
        expect(await at({})).toMatchObject({ value: "three", version: "3" });
        expect(await at({ version: "1" })).toMatchObject({ value: "one", version: "1" });
        expect(await at({ label: "stable" })).toMatchObject({ value: "two", version: "2" });
      });

      test("is read by its ARN, of another partition too, and a version of it", async () => {
        const region = "us-gov-west-1";
        const name = `/${fresh("KEY")}`;
        const { arn } = await backend().putParameter({ region, name, value: "one" });
        await backend().putParameter({ region, name, value: "two" });
        expect(arn).toStartWith("arn:aws-us-gov:ssm:");
        expect((await readEntry(parameter({ name: arn }, region))).value).toBe("two");
        expect((await readEntry(parameter({ name: arn, version: "1" }, region))).value).toBe("one");
      });
    });

    describe("what is not there", () => {
      const refusals: readonly [what: string, ask: () => Promise<unknown>][] = [
        ["a secret", () => readStore(keys("none"))],
        ["a secret of its own", () => readEntry(secret({ name: "none" }))],
        [
          "an ARN of nobody's",
          () =>
            readEntry(secret({ name: `arn:aws:secretsmanager:${REGION}:111122223333:secret:none-AbCdEf` })),
        ],
        ["a parameter", () => readEntry(parameter({ name: "/none" }))],
        [
          "a parameter's version",
          async () => {
            const name = `/${fresh("KEY")}`;
            await backend().putParameter({ region: REGION, name, value: VALUE });
            return readEntry(parameter({ name, version: "7" }));
          },
        ],
        [
          "a parameter's label",
          async () => {
            const name = `/${fresh("KEY")}`;
            await backend().putParameter({ region: REGION, name, value: VALUE });
            return readEntry(parameter({ name, label: "gone" }));
          },
        ],
        [
          "a stage",
          async () => {
            const name = fresh("there");
            await putSecret(name, "{}");
            return readStore(keys(name, "NOSUCH"));
          },
        ],
        [
          "a version",
          async () => {
            const name = fresh("there");
            await putSecret(name, "{}");
            return readStore(keys(name, "00000000-0000-4000-8000-000000000000"));
          },
        ],
      ];

      const failureOf = async (ask: () => Promise<unknown>) => {
        const error: unknown = await ask().then(
          () => new Error("it was read"),
          (thrown: unknown) => thrown,
        );
        if (!(error instanceof PiggyError)) throw error;
        expect(error.message).not.toContain(VALUE);
        return error.code;
      };

      test.each(refusals)("is said to be so: %s", async (_what, ask) => {
        expect(await failureOf(ask)).toBe("secret_not_found");
      });

      test("is told from a secret that is marked for deletion", async () => {
        const name = fresh("going");
        await putSecret(name, "{}");
        await backend().deleteSecret({ region: REGION, name });
        expect(await failureOf(() => readStore(keys(name)))).toBe("secret_deleted");
      });
    });
  });
}
