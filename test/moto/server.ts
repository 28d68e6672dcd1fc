/** moto as a process of its own on loopback, and what is put into it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { motoServer } from "../../scripts/moto/moto.ts";
import type { Backend } from "../aws/store-cases.ts";
import { startBackground } from "../support/background.ts";
import { freePort } from "../support/free-port.ts";

const HOST = "127.0.0.1";
const TARGETS = { secretsmanager: "secretsmanager", ssm: "AmazonSSM" } as const;

export interface Moto extends Backend {
  /** The same store of the account that the role is of, which nobody else has a look at. */
  as(role: string): Promise<Pick<Backend, "putSecret" | "putParameter">>;
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-moto-"));
  const port = freePort();
  const program = startBackground(
    "moto",
    [...(await motoServer()), "-H", HOST, "-p", String(port)],
    directory,
  );
  const url = `http://${HOST}:${port}`;
  await program.ready(async () => (await fetch(`${url}/moto-api/data.json`)).ok);
  return {
    url,
    ...storeOf(url, "AKIATEST"),
    as: async (role) => storeOf(url, await assume(url, role)),
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @param accessKey whose account it is the store of */
function storeOf(url: string, accessKey: string): Omit<Backend, "url"> {
  const call = (service: keyof typeof TARGETS, region: string, action: string, input: object) =>
    callAws(url, `${accessKey}/20260101/${region}/${service}/aws4_request`, TARGETS[service], action, input);
  return {
    async putSecret({ region, name, value }) {
      const content =
        typeof value === "string"
          ? { SecretString: value }
          : { SecretBinary: Buffer.from(value).toString("base64") };
      const secret = { Name: name, ...content };
      const created = await call("secretsmanager", region, "CreateSecret", secret).catch((error: Error) => {
        if (!error.message.includes("ResourceExistsException")) throw error;
        return call("secretsmanager", region, "PutSecretValue", { SecretId: name, ...content });
      });
      return { arn: textAt(created, "ARN"), versionId: textAt(created, "VersionId") };
    },
    async deleteSecret({ region, name }) {
      await call("secretsmanager", region, "DeleteSecret", { SecretId: name });
    },
    async putParameter({ region, name, value, type = "String" }) {
      await call("ssm", region, "PutParameter", { Name: name, Value: value, Type: type, Overwrite: true });
      const { Parameter } = await call("ssm", region, "GetParameter", { Name: name });
      return { arn: textAt(Parameter, "ARN") };
    },
    async labelParameter({ region, name, version, label }) {
      const input = { Name: name, ParameterVersion: version, Labels: [label] };
      await call("ssm", region, "LabelParameterVersion", input);
    },
  };
}

/** The access key of a session. */
async function assume(url: string, role: string): Promise<string> {
  const form = { Action: "AssumeRole", Version: "2011-06-15", RoleArn: role, RoleSessionName: "test" };
  const headers = authorization("AKIATEST/20260101/us-east-1/sts/aws4_request");
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(form) });
  const [, key] = /<AccessKeyId>(\w+)</.exec(await response.text()) ?? [];
  if (key === undefined) throw new Error(`AssumeRole: ${response.status}`);
  return key;
}

/** moto goes by the scope, and checks no signature. */
function authorization(scope: string) {
  return { Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` };
}

async function callAws(
  url: string,
  scope: string,
  target: string,
  action: string,
  input: object,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `${target}.${action}`,
      ...authorization(scope),
    },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${action}: ${response.status} ${text}`);
  return JSON.parse(text);
}

function textAt(value: unknown, field: string): string {
  const text = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const found = text.find(([name]) => name === field)?.[1];
  if (typeof found === "string") return found;
  throw new Error(`no ${field} in ${JSON.stringify(value)}`);
}
