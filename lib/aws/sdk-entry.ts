/** One entry by the AWS SDK. */
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SSMClient } from "@aws-sdk/client-ssm";
import {
  contentOf,
  type EntryContent,
  type EntryLocation,
  entrySecretInput,
  parameterInput,
} from "./entry.ts";

export async function readOneSecret(
  client: SecretsManagerClient,
  location: EntryLocation & { readonly kind: "secret" },
  signal: AbortSignal,
): Promise<EntryContent> {
  const { GetSecretValueCommand } = await import("@aws-sdk/client-secrets-manager");
  const command = new GetSecretValueCommand(entrySecretInput(location));
  const output = await client.send(command, { abortSignal: signal });
  return contentOf(output.SecretString ?? output.SecretBinary, output.VersionId, location);
}

export async function readParameter(
  client: SSMClient,
  location: EntryLocation & { readonly kind: "parameter" },
  signal: AbortSignal,
): Promise<EntryContent> {
  const { GetParameterCommand } = await import("@aws-sdk/client-ssm");
  const command = new GetParameterCommand(parameterInput(location));
  const { Parameter: parameter } = await client.send(command, { abortSignal: signal });
  return contentOf(parameter?.Value, parameter?.Version?.toString(), location);
}
