import { randomUUID } from "node:crypto";
import { ContainerRegistry } from "./aws/container-registry.ts";
import { type AwsError, toAwsError, unknownOperation } from "./aws/error.ts";
import { type Disturbance, type Disturbing, type Failure, Failures } from "./aws/failures.ts";
import { Identities, type User } from "./aws/identities.ts";
import { jsonProtocol } from "./aws/json-protocol.ts";
import { type ParameterEntry, type ParameterLabel, ParameterStore } from "./aws/parameter-store.ts";
import type { Call, Protocol } from "./aws/protocol.ts";
import { queryProtocol } from "./aws/query-protocol.ts";
import { type SecretEntry, SecretsManager } from "./aws/secrets-manager.ts";
import { type Role, SecurityTokenService, type TrustingRole } from "./aws/security-token-service.ts";
import type { Received } from "./aws/signature.ts";

export type { Action, Disturbance, Disturbing, Failure } from "./aws/failures.ts";
export type { Permission, User } from "./aws/identities.ts";
export type { ParameterEntry, ParameterLabel } from "./aws/parameter-store.ts";
export type { Service } from "./aws/protocol.ts";
export type { SecretEntry } from "./aws/secrets-manager.ts";
export type { Role, TrustingRole } from "./aws/security-token-service.ts";

/** One answered call. `input` is what was asked; a web identity token in it has lost its signature. */
export interface AwsRequest extends Call {
  readonly status: number;
  readonly errorCode?: string;
}

export interface AwsFake {
  /** Serves all four services, as AWS_ENDPOINT_URL does. */
  readonly url: string;
  /** The answered calls in order. A request that names none of the services is not among them. */
  readonly requests: readonly AwsRequest[];
  /** How many were begun, whether or not they were answered. */
  begun(): number;
  addUser(user: User): void;
  /** One that is given for a web identity token. */
  addRole(arn: string, role: Role): void;
  /** One that is given to who asks for it by credentials. */
  addTrustingRole(arn: string, role: TrustingRole): void;
  /** Those that there are by now lose all rights. */
  revokeSessions(roleArn: string): void;
  /** Adds a version, which becomes AWSCURRENT; the one before becomes AWSPREVIOUS. */
  putSecret(secret: SecretEntry): { arn: string; versionId: string };
  /** Marks the secret for deletion; to put it again restores it. */
  deleteSecret(secret: { readonly region: string; readonly name: string }): void;
  /** Adds a version. */
  putParameter(parameter: ParameterEntry): { arn: string; version: number };
  labelParameter(label: ParameterLabel): void;
  /** Whether a private registry of the region lets in who says this. */
  acceptsLogin(region: string, user: string, password: string): boolean;
  /** For how long the logins that are given from now on are good; 12 hours by default. */
  setLoginSeconds(seconds: number): void;
  failNext(failure: Failure): void;
  /** Sets AWS's clock ahead of this machine's, or with a negative number behind it. */
  setClockAhead(milliseconds: number): void;
  /** From now on, until it is ended. */
  disturb(disturbance: Disturbance): Disturbing;
  stop(): Promise<void>;
}

/**
 * Secrets Manager, Parameter Store, ECR and STS on loopback or another address, speaking AWS's own protocols.
 * Signatures, scopes, tokens and permissions are verified: what it accepts, AWS would.
 */
export async function startAws(
  options: { tls?: { cert: string; key: string }; hostname?: string } = {},
): Promise<AwsFake> {
  const { tls, hostname = "127.0.0.1" } = options;
  const identities = new Identities();
  const failures = new Failures();
  const secrets = new SecretsManager();
  const parameters = new ParameterStore();
  const registry = new ContainerRegistry();
  const tokens = new SecurityTokenService(identities);
  const json = jsonProtocol(secrets, parameters, registry, identities, failures);
  const protocols = [json, queryProtocol(tokens, identities, failures)] as const;
  const requests: AwsRequest[] = [];
  let begun = 0;

  const server = Bun.serve({
    hostname,
    port: 0,
    // A delayed failure may be slower than Bun's patience with an idle connection.
    idleTimeout: 0,
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      begun += 1;
      const response = await respond(request, protocols, (answered) => requests.push(answered));
      response.headers.set("date", new Date(identities.now()).toUTCString());
      return response;
    },
  });

  return {
    url: tls === undefined ? `http://${hostname}:${server.port}` : `https://localhost:${server.port}`,
    requests,
    begun: () => begun,
    addUser: (user) => identities.addUser(user),
    addRole: (arn, role) => tokens.addRole(arn, role),
    addTrustingRole: (arn, role) => tokens.addTrustingRole(arn, role),
    revokeSessions: (roleArn) => identities.revokeSessions(roleArn),
    putSecret: (secret) => secrets.put(secret),
    deleteSecret: ({ region, name }) => secrets.markForDeletion(region, name),
    putParameter: (parameter) => parameters.put(parameter),
    labelParameter: (label) => parameters.label(label),
    acceptsLogin: (region, user, password) => registry.accepts(region, user, password),
    setLoginSeconds(seconds) {
      registry.tokenSeconds = seconds;
    },
    failNext: (failure) => failures.add(failure),
    setClockAhead(milliseconds) {
      identities.clockAheadMs = milliseconds;
    },
    disturb: (disturbance) => failures.begin(disturbance),
    stop: () => server.stop(true),
  };
}

async function respond(
  request: Request,
  protocols: readonly [Protocol, ...Protocol[]],
  record: (answered: AwsRequest) => void,
): Promise<Response> {
  const requestId = randomUUID();
  const { pathname, search } = new URL(request.url);
  const received: Received = { headers: request.headers, body: await request.bytes() };
  if (request.method !== "POST" || pathname !== "/" || search !== "") {
    return failed(protocols[0], unknownOperation(), requestId);
  }
  for (const protocol of protocols) {
    const call = protocol.describe(received);
    if (call !== undefined) return answer(protocol, call, received, requestId, record);
  }
  return failed(protocols[0], unknownOperation(), requestId);
}

async function answer(
  protocol: Protocol,
  call: Call,
  received: Received,
  requestId: string,
  record: (answered: AwsRequest) => void,
): Promise<Response> {
  try {
    const body = await protocol.run(call, received, requestId);
    record({ ...call, status: 200 });
    return new Response(body, { headers: headersOf(protocol, requestId) });
  } catch (thrown) {
    const error = toAwsError(thrown);
    record({ ...call, status: error.status, errorCode: error.code });
    return failed(protocol, error, requestId);
  }
}

function failed(protocol: Protocol, error: AwsError, requestId: string): Response {
  const { body, headers } = protocol.error(error, requestId);
  return new Response(body, {
    status: error.status,
    headers: { ...headersOf(protocol, requestId), ...headers },
  });
}

const headersOf = ({ contentType }: Protocol, requestId: string) => ({
  "content-type": contentType,
  "x-amzn-requestid": requestId,
});
