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
  const call = (service: keyof typeof TARGETS, region: string, action: string, input: object) =>
    callAws(url, service, region, action, input);
  return {
    url,
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
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** moto goes by the scope in the header, and checks no signature. */
async function callAws(
  url: string,
  service: keyof typeof TARGETS,
  region: string,
  action: string,
  input: object,
): Promise<Readonly<Record<string, unknown>>> {
  const scope = `AKIATEST/20260101/${region}/${service}/aws4_request`;
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `${TARGETS[service]}.${action}`,
      Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
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
