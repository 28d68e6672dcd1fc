/** The injector's transport: one signed POST, where the SDK would cost 20 ms of every start. */
import { messageOf, PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../json.ts";
import { endpointOf, type Service } from "./endpoint.ts";
import type { EntryLocation } from "./entry.ts";
import { secretValues } from "./secret-values.ts";
import { type Received, type Send, type SendInit, sendByFetch, sendFault } from "./send.ts";
import { type AwsCredentials, amzDate, authorizationHeader } from "./signature.ts";
import {
  describeLocation,
  type PathLocation,
  parameterKey,
  parametersInput,
  type ReadStore,
  type SecretLocation,
  type Store,
  type StoreEntries,
  type StoreLocation,
  secretValueInput,
} from "./store.ts";

export interface SignedStoreOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asked for once a location. */
  readonly credentials: (region: string, signal: AbortSignal) => Promise<AwsCredentials>;
  readonly now?: () => Date;
  readonly send?: Send;
}

interface Call {
  readonly service: Service;
  readonly target: string;
  readonly input: JsonObject;
  readonly location: StoreLocation | EntryLocation;
  readonly credentials: AwsCredentials;
  readonly signal: AbortSignal;
}

/** Reads by AWS JSON 1.1 and Signature Version 4. Source: Smithy, "AWS JSON 1.1 protocol". */
export function createSignedStore({
  environment,
  credentials,
  now = () => new Date(),
  send = sendByFetch,
}: SignedStoreOptions): Store {
  const call = async (request: Call): Promise<JsonObject> => {
    const { service, target, input, location, signal } = request;
    const endpoint = endpointOf(service, location.region, environment);
    const body = JSON.stringify(input);
    const date = now();
    const headers: Record<string, string> = {
      host: endpoint.host,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-date": amzDate(date),
      "x-amz-target": target,
    };
    if (request.credentials.sessionToken) headers["x-amz-security-token"] = request.credentials.sessionToken;
    const path = endpoint.pathname;
    headers["authorization"] = authorizationHeader(
      { method: "POST", path, headers, body },
      { region: location.region, service, date },
      request.credentials,
    );
    const answer = await exchange(send, endpoint, { method: "POST", headers, body, signal }, location);
    return parseAnswer(answer, location);
  };
  const asking = async (location: StoreLocation | EntryLocation, signal: AbortSignal): Promise<Ask> => {
    const resolved = await credentials(location.region, signal);
    return (request) => call({ ...request, location, credentials: resolved, signal });
  };
  const readStore: ReadStore = async (location, signal) => {
    const ask = await asking(location, signal);
    return location.kind === "secret" ? readSecret(ask, location) : readPath(ask, location);
  };
  return {
    readStore,
    async readEntry(location, signal) {
      const { readSignedEntry } = await import("./signed-entry.ts");
      const read = async () => readSignedEntry(await asking(location, signal), location);
      const { readByPathIfDenied } = await import("./parameter-by-path.ts");
      return readByPathIfDenied(read, location, readStore, signal);
    },
  };
}

async function exchange(
  send: Send,
  endpoint: URL,
  init: SendInit,
  location: StoreLocation | EntryLocation,
): Promise<Received> {
  try {
    return await send(endpoint, init);
  } catch (error) {
    const message = init.signal.aborted
      ? `${endpoint.host}: no answer in time`
      : `${endpoint.host}: ${messageOf(error)}`;
    throw new PiggyError(sendFault(error), `${describeLocation(location)}: ${message}`, { cause: error });
  }
}

async function parseAnswer(
  { status, body }: Received,
  location: StoreLocation | EntryLocation,
): Promise<JsonObject> {
  const value = parseJson(body);
  const answer = isJsonObject(value) ? value : {};
  const isOk = status >= 200 && status < 300;
  if (isOk && isJsonObject(value)) return value;
  const text = (field: JsonValue | undefined) => (typeof field === "string" ? field : "");
  // `__type` may be a URI whose fragment is the name.
  const name = text(answer["__type"]).replace(/^.*#/, "");
  const message = text(answer["message"] ?? answer["Message"]);
  const failure = { name, message, status: isOk ? 502 : status, region: location.region };
  const { awsError } = await import("./failure.ts");
  throw awsError(failure, describeLocation(location));
}

export type Ask = (request: Pick<Call, "service" | "target" | "input">) => Promise<JsonObject>;

async function readSecret(ask: Ask, location: SecretLocation): Promise<StoreEntries> {
  const answer = await ask({
    service: "secretsmanager",
    target: "secretsmanager.GetSecretValue",
    input: secretValueInput(location),
  });
  const { SecretString: text, SecretBinary: base64, VersionId: version } = answer;
  const bytes = typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
  const values = secretValues({ text: typeof text === "string" ? text : undefined, bytes }, location);
  return { values, version: typeof version === "string" ? version : undefined };
}

async function readPath(ask: Ask, location: PathLocation): Promise<StoreEntries> {
  const values = new Map<string, string>();
  let nextToken: string | undefined;
  do {
    const answer = await ask({
      service: "ssm",
      target: "AmazonSSM.GetParametersByPath",
      input: parametersInput(location, nextToken),
    });
    const { Parameters: parameters, NextToken: next } = answer;
    if (!Array.isArray(parameters)) {
      throw new PiggyError("aws_error", `${describeLocation(location)}: an answer without Parameters`);
    }
    for (const parameter of parameters.filter(isJsonObject)) {
      const { Name: name, Value: value } = parameter;
      if (typeof name === "string" && typeof value === "string") values.set(parameterKey(name), value);
    }
    nextToken = typeof next === "string" && next !== "" ? next : undefined;
  } while (nextToken !== undefined);
  return { values, version: undefined };
}
