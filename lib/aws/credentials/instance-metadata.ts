/**
 * The role of the EC2 instance, by IMDSv2 alone: version 1 can be reached through what forwards requests.
 * Sources: AWS SDKs and Tools Reference Guide, "IMDS credential provider"; EC2 User Guide, "Use the Instance Metadata
 * Service to access instance metadata".
 */
import { messageOf, PiggyError } from "../../error.ts";
import type { Received, SendInit } from "../send.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext } from "./context.ts";
import { parseIssued } from "./issued.ts";

const DISABLED = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const HOSTS: Readonly<Record<string, string>> = {
  ipv4: "http://169.254.169.254",
  ipv6: "http://[fd00:ec2::254]",
};
const ROLES = "latest/meta-data/iam/security-credentials/";

/** It is on the same link, or nobody is there: most machines are no instance. */
const TIMEOUT_MS = 1_000;

/** `absent`: why there are none, for the error that names all that was looked for. */
export type InstanceAnswer = { readonly credentials: AwsCredentials } | { readonly absent: string };

/**
 * @throws PiggyError `setting_invalid`; `aws_unavailable` when the service is there and fails, or when the context's
 * own time is over
 */
export async function instanceCredentials(context: CredentialContext): Promise<InstanceAnswer> {
  if (context.environment[DISABLED]?.toLowerCase() === "true") return { absent: `${DISABLED} is true` };
  const base = baseOf(context.environment);
  let session: Received;
  try {
    session = await ask(context, new URL("latest/api/token", base), {
      method: "PUT",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21600" },
    });
  } catch (error) {
    if (context.signal.aborted) throw unavailable(base, "no answer in time", error);
    // Its answer to a container needs a hop limit of two.
    return { absent: `no instance metadata at ${base.host}` };
  }
  const { status } = session;
  // Any other is told to whoever has no role there, or not by this version.
  if (status === 429 || status >= 500) throw unavailable(base, `HTTP ${status}`);
  if (status !== 200) return { absent: `instance metadata at ${base.host}: HTTP ${status}` };
  const headers = { "x-aws-ec2-metadata-token": session.body };
  const read = (path: string) => readOne(context, new URL(path, base), headers);
  const roles = await read(ROLES);
  if (roles.status !== 200 && roles.status !== 404) throw unavailable(base, `HTTP ${roles.status}`);
  const role = roles.body.split("\n", 1)[0]?.trim();
  if (roles.status === 404 || !role) return { absent: "the instance has no role" };
  const answer = await read(ROLES + encodeURIComponent(role));
  if (answer.status !== 200) throw unavailable(base, `role ${role}: HTTP ${answer.status}`);
  const issued = parseIssued(answer.body, "Token");
  if (issued === undefined) throw unavailable(base, `role ${role}: an answer without credentials`);
  return { credentials: issued.credentials };
}

/** A configured endpoint wins over the mode; a path of its own is kept. */
function baseOf(environment: CredentialContext["environment"]): URL {
  const configured = environment[ENDPOINT];
  const mode = (environment[MODE] || "IPv4").toLowerCase();
  const text = configured || HOSTS[mode];
  if (text === undefined) {
    throw new PiggyError(
      "setting_invalid",
      `${MODE}: ${JSON.stringify(environment[MODE])} is not IPv4 or IPv6`,
    );
  }
  const url = URL.parse(text.endsWith("/") ? text : `${text}/`);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new PiggyError("setting_invalid", `${ENDPOINT}: ${JSON.stringify(configured)} is not a URL`);
}

async function readOne(
  context: CredentialContext,
  url: URL,
  headers: SendInit["headers"],
): Promise<Received> {
  try {
    return await ask(context, url, { method: "GET", headers });
  } catch (error) {
    throw unavailable(url, messageOf(error), error);
  }
}

function ask(
  { send, signal }: CredentialContext,
  url: URL,
  init: Pick<SendInit, "method" | "headers">,
): Promise<Received> {
  const soon = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  // A proxy has a link of its own.
  return send(url, { ...init, signal: soon, proxy: false });
}

function unavailable(url: URL, what: string, cause?: unknown): PiggyError {
  return new PiggyError("aws_unavailable", `instance metadata at ${url.host}: ${what}`, { cause });
}
