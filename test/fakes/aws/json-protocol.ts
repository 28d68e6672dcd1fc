import type { ContainerRegistry } from "./container-registry.ts";
import { unknownOperation } from "./error.ts";
import type { Failures } from "./failures.ts";
import { authorize, type Identities, type Resource } from "./identities.ts";
import { asInput, type Input, parseJson } from "./input.ts";
import type { ParameterStore } from "./parameter-store.ts";
import type { Call, Protocol, Service } from "./protocol.ts";
import type { SecretsManager } from "./secrets-manager.ts";
import { authenticate, parseAuthorization, type Received } from "./signature.ts";

const CONTENT_TYPE = "application/x-amz-json-1.1";
const SERVICES = new Map<string, Service>([
  ["secretsmanager", "secretsmanager"],
  ["AmazonSSM", "ssm"],
  ["AmazonEC2ContainerRegistry_V20150921", "ecr"],
]);

interface Operation {
  /** `account` is of who asks. */
  resource(region: string, input: Input, account: string): Resource;
  run(region: string, input: Input, account: string): object;
}

/** AWS JSON 1.1: the operation stands in X-Amz-Target, requests are signed, errors name their `__type`. */
export function jsonProtocol(
  secrets: SecretsManager,
  parameters: ParameterStore,
  registry: ContainerRegistry,
  identities: Identities,
  failures: Failures,
): Protocol {
  const operations: Readonly<Record<string, Operation>> = {
    "secretsmanager:GetSecretValue": {
      resource: (region, input, account) => secrets.resource(region, input, account),
      run: (region, input, account) => secrets.getSecretValue(region, input, account),
    },
    "ssm:GetParameter": {
      resource: (region, input) => parameters.parameterResource(region, input),
      run: (region, input) => parameters.getParameter(region, input),
    },
    "ssm:GetParametersByPath": {
      resource: (region, input) => parameters.pathResource(region, input),
      run: (region, input) => parameters.getParametersByPath(region, input),
    },
    "ecr:GetAuthorizationToken": {
      resource: () => registry.resource(),
      run: (region) => registry.getAuthorizationToken(region),
    },
  };

  async function run({ service, action, input }: Call, received: Received): Promise<string> {
    const permission = `${service}:${action}`;
    const operation = operations[permission];
    if (operation === undefined || received.headers.get("content-type") !== CONTENT_TYPE) {
      throw unknownOperation();
    }
    const { identity, region } = await authenticate(received, service, identities);
    await failures.meet({ action, region, input });
    const checked = asInput(input);
    const { account } = identity;
    authorize(identity, permission, operation.resource(region, checked, account));
    return JSON.stringify(operation.run(region, checked, account));
  }

  return {
    contentType: CONTENT_TYPE,
    describe,
    run,
    error: ({ code, message }) => ({
      body: JSON.stringify({ __type: code, message }),
      headers: { "x-amzn-errortype": code },
    }),
  };
}

function describe({ headers, body }: Received): Call | undefined {
  const [, prefix = "", action] = headers.get("x-amz-target")?.match(/^(\w+)\.(\w+)$/) ?? [];
  const service = SERVICES.get(prefix);
  if (service === undefined || action === undefined) return undefined;
  const authorization = parseAuthorization(headers.get("authorization"));
  return {
    service,
    action,
    region: authorization?.region,
    accessKeyId: authorization?.accessKeyId,
    input: parseJson(new TextDecoder().decode(body)),
  };
}
