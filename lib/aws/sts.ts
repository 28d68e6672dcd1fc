/** STS, which gives temporary credentials for a role. Sources: AWS STS API Reference; Smithy, "AWS query protocol". */
import { PiggyError } from "../error.ts";
import type { AwsClock } from "./clock.ts";
import type { CredentialContext } from "./credentials/context.ts";
import type { IssuedCredentials } from "./credentials/issued.ts";
import { endpointOf, signingRegionOf } from "./endpoint.ts";
import { type Received, receive } from "./send.ts";
import { type AwsCredentials, signedHeaders } from "./signature.ts";

export interface StsCall {
  readonly action: "AssumeRole" | "AssumeRoleWithWebIdentity";
  readonly roleArn: string;
  readonly sessionName: string;
  /** The action's further parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whose credentials sign the call; without them it is unsigned. */
  readonly signer?: AwsCredentials;
}

/**
 * @throws PiggyError `aws_access_denied` when STS refuses, `aws_credentials_refused` when it does not take the signature,
 * `aws_throttled`, `aws_unavailable` when it does not answer.
 */
export async function askSts(call: StsCall, context: CredentialContext): Promise<AwsCredentials> {
  return (await ask(call, context)).credentials;
}

type StsContext = Pick<CredentialContext, "environment" | "region" | "signal" | "send"> & {
  /** Without it the machine's own time is signed. */
  readonly clock?: AwsClock;
};

/** A session of a role, with its end. @throws PiggyError as askSts does */
export function assumeRole(
  call: Omit<StsCall, "action"> & { readonly signer: AwsCredentials },
  context: StsContext,
): Promise<IssuedCredentials> {
  return ask({ action: "AssumeRole", ...call }, context);
}

async function ask(call: StsCall, context: StsContext): Promise<IssuedCredentials> {
  const { environment, region, signal, send, clock } = context;
  const endpoint = endpointOf("sts", region, environment);
  const form = new URLSearchParams({
    Action: call.action,
    Version: "2011-06-15",
    RoleArn: call.roleArn,
    RoleSessionName: call.sessionName,
    ...call.parameters,
  });
  const body = form.toString();
  const now = () => clock?.now() ?? new Date();
  const exchange = (date: Date) => {
    const headers = headersOf(endpoint, body, signingRegionOf(endpoint, region), date, call.signer);
    return receive(send, endpoint, { method: "POST", headers, body, signal }, `STS at ${endpoint.host}`);
  };
  const signedAt = now();
  let answer = await exchange(signedAt);
  if (clock?.correctBy(answer, signedAt)) answer = await exchange(now());
  return readAnswer(answer, endpoint, call);
}

function headersOf(
  endpoint: URL,
  body: string,
  region: string,
  date: Date,
  signer: AwsCredentials | undefined,
): Readonly<Record<string, string>> {
  const contentType = { "content-type": "application/x-www-form-urlencoded" };
  if (signer === undefined) return contentType;
  return signedHeaders(endpoint, body, contentType, { region, service: "sts", date }, signer);
}

async function readAnswer(
  { status, body: xml }: Received,
  endpoint: URL,
  { roleArn, signer }: StsCall,
): Promise<IssuedCredentials> {
  const field = (name: string) => unescapeXml(new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "");
  if (status < 200 || status > 299) {
    const { stsError } = await import("./sts-failure.ts");
    const failure = { name: field("Code"), message: field("Message"), status };
    throw stsError(failure, roleArn, signer !== undefined);
  }
  const [accessKeyId, secretAccessKey] = [field("AccessKeyId"), field("SecretAccessKey")];
  if (accessKeyId === "" || secretAccessKey === "") {
    throw new PiggyError("aws_unavailable", `STS at ${endpoint.host}: an answer without credentials`);
  }
  const credentials = { accessKeyId, secretAccessKey, sessionToken: field("SessionToken") };
  return { credentials, expiration: new Date(field("Expiration")) };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([\da-f]{1,5})|#(\d{1,6})|\w+);/gi, (entity, hex?: string, decimal?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return Number.isNaN(code) ? (ENTITIES[entity] ?? entity) : String.fromCodePoint(code);
  });
}
