/**
 * The transport to AWS: one signed POST. The SDK's clients would cost 20 ms of every start of a container, and in the
 * webhook seven times the processor time of each call.
 */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, objectOf, parseJson, stringOf } from "../json.ts";
import type { MakeCall } from "./call.ts";
import { endpointOf, type Service } from "./endpoint.ts";
import type { EntryLocation } from "./entry.ts";
import { secretValues } from "./secret-values.ts";
import { type Received, receive, type Send, sendByFetch } from "./send.ts";
import { type AwsCredentials, signedHeaders } from "./signature.ts";
import {
  describeLocation,
  type PathLocation,
  parametersInput,
  parameterValues,
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
  readonly credentials: (
    location: StoreLocation | EntryLocation,
    signal: AbortSignal,
  ) => Promise<AwsCredentials>;
  /** What a refused call is signed with once more; undefined where others are no help. */
  readonly otherCredentials?: (
    used: AwsCredentials,
    error: unknown,
    location: StoreLocation | EntryLocation,
    signal: AbortSignal,
  ) => Promise<AwsCredentials | undefined>;
  readonly now?: () => Date;
  /** Whether the call is to be signed once more, at what is `now` by then. */
  readonly isOutOfTime?: (answer: Received, signedAt: Date) => boolean;
  readonly send?: Send;
  /** What every call is made through, with the look for credentials that it wants. */
  readonly makeCall?: MakeCall;
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
  otherCredentials = async () => undefined,
  now = () => new Date(),
  isOutOfTime = () => false,
  send = sendByFetch,
  makeCall = (_, signal, run) => run(signal),
}: SignedStoreOptions): Store {
  const call = async (request: Call): Promise<Answer> => {
    const signedAt = now();
    const exchange = (date: Date) => exchangeSigned(request, date, environment, send);
    let received = await exchange(signedAt);
    if (isOutOfTime(received, signedAt)) received = await exchange(now());
    const requestId = received.headers.get("x-amzn-requestid") ?? undefined;
    return { ...(await parseAnswer(received, request.location)), requestId };
  };
  const asking = (location: StoreLocation | EntryLocation, signal: AbortSignal): Ask => {
    const identity = lookedForOnce((ofTry) => credentials(location, ofTry));
    return (request) => {
      const action = request.target.slice(request.target.indexOf(".") + 1);
      return makeCall(
        { service: request.service, region: location.region, action },
        signal,
        async (ofTry) => {
          const used = await identity.current(ofTry);
          const callBy = (by: AwsCredentials) =>
            call({ ...request, location, credentials: by, signal: ofTry });
          try {
            return await callBy(used);
          } catch (error) {
            const others = await otherCredentials(used, error, location, ofTry);
            if (others === undefined) throw error;
            identity.replace(others);
            return await callBy(others).catch((later: unknown) => {
              // That AWS did not answer the second call leaves what it said to the first.
              throw later instanceof PiggyError && later.code === "aws_unavailable" ? error : later;
            });
          }
        },
      );
    };
  };
  const readStore: ReadStore = async (location, signal) => {
    const ask = asking(location, signal);
    return location.kind === "secret" ? readSecret(ask, location) : readPath(ask, location);
  };
  return {
    readStore,
    async readEntry(location, signal) {
      const { readSignedEntry } = await import("./signed-entry.ts");
      const read = async () => readSignedEntry(asking(location, signal), location);
      const { readByPathIfDenied } = await import("./parameter-by-path.ts");
      return readByPathIfDenied(read, location, readStore, signal);
    },
  };
}

function exchangeSigned(
  { service, target, input, location, credentials, signal }: Call,
  date: Date,
  environment: SignedStoreOptions["environment"],
  send: Send,
): Promise<Received> {
  const { region } = location;
  const endpoint = endpointOf(service, region, environment);
  const body = JSON.stringify(input);
  const given = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
  const headers = signedHeaders(endpoint, body, given, { region, service, date }, credentials);
  const where = `${describeLocation(location)}: ${endpoint.host}`;
  return receive(send, endpoint, { method: "POST", headers, body, signal }, where);
}

/** Credentials for all calls of a location. What failed is looked for again with the call that wants it. */
function lookedForOnce(look: (signal: AbortSignal) => Promise<AwsCredentials>) {
  let found: Promise<AwsCredentials> | undefined;
  return {
    current(signal: AbortSignal): Promise<AwsCredentials> {
      found ??= look(signal).catch((error: unknown) => {
        found = undefined;
        throw error;
      });
      return found;
    },
    replace(others: AwsCredentials): void {
      found = Promise.resolve(others);
    },
  };
}

async function parseAnswer(
  { status, headers, body }: Received,
  location: StoreLocation | EntryLocation,
): Promise<JsonObject> {
  const value = parseJson(body);
  const answer = objectOf(value);
  const isOk = status >= 200 && status < 300;
  if (isOk && isJsonObject(value)) return value;
  const { awsError, errorName } = await import("./failure.ts");
  const name = errorName(answer, headers);
  const message = stringOf(answer["message"] ?? answer["Message"]) ?? "";
  const failure = { name, message, status: isOk ? 502 : status, region: location.region };
  throw awsError(failure, describeLocation(location));
}

/** What AWS said, and its own id of the call; the fields of its answers begin with a capital. */
export interface Answer extends JsonObject {
  readonly requestId: string | undefined;
}

export type Ask = (request: Pick<Call, "service" | "target" | "input">) => Promise<Answer>;

async function readSecret(ask: Ask, location: SecretLocation): Promise<StoreEntries> {
  const answer = await ask({
    service: "secretsmanager",
    target: "secretsmanager.GetSecretValue",
    input: secretValueInput(location),
  });
  const { SecretString: text, SecretBinary: base64, VersionId: version, ARN: arn, requestId } = answer;
  const bytes = typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
  const values = secretValues({ text: stringOf(text), bytes }, location);
  return { values, version: stringOf(version), arns: [stringOf(arn) ?? ""], requestId };
}

async function readPath(ask: Ask, location: PathLocation): Promise<StoreEntries> {
  const found = new Map<string, string>();
  const arns: string[] = [];
  let requestId: string | undefined;
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
      const { Name: name, Value: value, ARN: arn } = parameter;
      if (typeof name !== "string" || typeof value !== "string") continue;
      found.set(name, value);
      arns.push(stringOf(arn) ?? "");
    }
    requestId = answer.requestId;
    nextToken = stringOf(next) || undefined;
  } while (nextToken !== undefined);
  return { ...parameterValues(found), version: undefined, arns, requestId };
}
