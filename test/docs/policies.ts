/** The IAM policies of the pages are taken by IAM, as moto has it. Part of `npm run test:moto`. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Moto, startMoto } from "../moto/server.ts";
import { checkOf } from "./checks.ts";
import { allBlocks, placeOf } from "./pages.ts";

setDefaultTimeout(60_000);

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto?.stop());

/** @returns its status, and its words against the document. Source: the IAM API reference. */
async function askIam(form: Readonly<Record<string, string>>): Promise<readonly [number, string]> {
  const scope = "AKIATEST/20260101/us-east-1/iam/aws4_request";
  const response = await fetch(moto.url, {
    method: "POST",
    headers: { Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Version: "2010-05-08", ...form }),
  });
  const text = await response.text();
  return [response.status, /<Message>([^<]*)</.exec(text)?.[1] ?? ""];
}

const name = () => crypto.randomUUID();
const createPolicy = (document: string) =>
  askIam({ Action: "CreatePolicy", PolicyName: name(), PolicyDocument: document });
/** moto reads one only where it takes the place of another. */
async function trust(document: string): ReturnType<typeof askIam> {
  const role = { RoleName: name() };
  const [status, message] = await askIam({
    Action: "CreateRole",
    ...role,
    AssumeRolePolicyDocument: document,
  });
  if (status !== 200) return [status, message];
  return askIam({ Action: "UpdateAssumeRolePolicy", ...role, PolicyDocument: document });
}

const of = (check: string) =>
  allBlocks.filter((block) => checkOf(block) === check).map((block) => [placeOf(block), block.text] as const);

describe("policies", () => {
  test.each(of("policy"))("%s", async (_, text) => {
    expect(await createPolicy(text)).toEqual([200, ""]);
  });

  test("are refused where they are none", async () => {
    const statement = { Effect: "Allow", Action: "secretsmanager", Resource: "*" };
    const [status] = await createPolicy(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
    expect(status).toBe(400);
  });
});

describe("trust policies", () => {
  test.each(of("trust policy"))("%s", async (_, text) => {
    expect(await trust(text)).toEqual([200, ""]);
  });

  test("are refused where they are none", async () => {
    const statement = { Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" };
    const [status] = await trust(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
    expect(status).toBe(400);
  });
});
