/**
 * ECS tasks and EKS Pod Identity: an HTTP endpoint beside the container.
 * Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
 */

import { PiggyError } from "../../error.ts";
import { isJsonObject, parseJson } from "../../json.ts";
import { type Received, receive } from "../send.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext, ReadText } from "./context.ts";
import { parseIssued } from "./issued.ts";

const RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

const ECS_HOST = "169.254.170.2";
const EKS_HOSTS = ["169.254.170.23", "[fd00:ec2::23]"];
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The agent of Pod Identity has to ask AWS in its turn the first time. */
const TIMEOUT_MS = 5_000;

/**
 * To be asked only when one of the two variables is set.
 * @throws PiggyError `setting_invalid` for a URL that a token may not be sent to, `credentials_missing` when the token
 * cannot be read, `aws_access_denied`, `aws_throttled`, `aws_untrusted`, `aws_unavailable`
 */
export async function containerCredentials(context: CredentialContext): Promise<AwsCredentials> {
  const { environment, send } = context;
  const url = endpointOf(environment);
  const token = await authorizationToken(context);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const headers = { accept: "application/json", ...(token === undefined ? {} : { authorization: token }) };
  // A proxy has a loopback and a link of its own.
  const direct = isNear(url) ? { proxy: false as const } : {};
  const where = `container credentials at ${url.host}`;
  const answer = await receive(send, url, { method: "GET", headers, signal, ...direct }, where);
  if (answer.status !== 200) throw await refusal(answer, url);
  const issued = parseIssued(answer.body, "Token");
  if (issued !== undefined) return issued.credentials;
  throw new PiggyError("aws_unavailable", `${where}: an answer without credentials`);
}

/** The relative URI wins over the full one. */
function endpointOf(environment: CredentialContext["environment"]): URL {
  const relative = environment[RELATIVE_URI];
  if (relative) {
    const url = URL.parse(`http://${ECS_HOST}${relative}`);
    if (url?.hostname === ECS_HOST) return url;
    throw new PiggyError("setting_invalid", `${RELATIVE_URI}: ${JSON.stringify(relative)} is not a path`);
  }
  const full = environment[FULL_URI] ?? "";
  const url = URL.parse(full);
  if (url === null) {
    throw new PiggyError("setting_invalid", `${FULL_URI}: ${JSON.stringify(full)} is not a URL`);
  }
  if (url.protocol === "https:" || (url.protocol === "http:" && isNear(url))) return url;
  throw new PiggyError(
    "setting_invalid",
    `${FULL_URI}: ${url.protocol}//${url.host} is refused, for the token would go over the network as plain text: ` +
      `use https, a loopback address, ${ECS_HOST} or ${EKS_HOSTS.join(" or ")}`,
  );
}

function isNear({ hostname }: URL): boolean {
  return hostname === ECS_HOST || EKS_HOSTS.includes(hostname) || LOOPBACK.test(hostname);
}

/** The file wins over the variable: its token is renewed. */
async function authorizationToken({ environment, readText }: CredentialContext): Promise<string | undefined> {
  const file = environment[TOKEN_FILE];
  const token = file ? await readToken(file, readText) : environment[TOKEN];
  if (!token) return undefined;
  if (!/[\r\n]/.test(token)) return token;
  throw new PiggyError("setting_invalid", `${file ? TOKEN_FILE : TOKEN}: the token holds a line break`);
}

async function readToken(file: string, readText: ReadText): Promise<string> {
  try {
    return (await readText(file)).trim();
  } catch (cause) {
    throw new PiggyError("credentials_missing", `cannot read the token ${file} that ${TOKEN_FILE} names`, {
      cause,
    });
  }
}

async function refusal({ status, body }: Received, url: URL): Promise<PiggyError> {
  const value = parseJson(body);
  const [code, message] = isJsonObject(value)
    ? [value["Code"] ?? value["code"], value["Message"] ?? value["message"]]
    : [];
  const { withoutRequest } = await import("../failure.ts");
  const details = [code, message].filter((part) => typeof part === "string").map(withoutRequest);
  const said = [`container credentials at ${url.host}: HTTP ${status}`, ...details].join(": ");
  if (status === 429) return new PiggyError("aws_throttled", said);
  return new PiggyError(status >= 400 && status < 500 ? "aws_access_denied" : "aws_unavailable", said);
}
