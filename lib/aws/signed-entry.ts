/** One entry by the injector's transport; loaded where a reference names one. */
import { isJsonObject, type JsonObject } from "../json.ts";
import {
  contentOf,
  type EntryContent,
  type EntryLocation,
  entrySecretInput,
  parameterInput,
} from "./entry.ts";
import type { Ask } from "./signed.ts";

export async function readSignedEntry(ask: Ask, location: EntryLocation): Promise<EntryContent> {
  if (location.kind === "secret") {
    const input = entrySecretInput(location);
    const target = "secretsmanager.GetSecretValue";
    const answer = await ask({ service: "secretsmanager", target, input });
    const { SecretString: text, SecretBinary: base64, VersionId: version, ARN: arn, requestId } = answer;
    const value = asString(text) ?? bytesIn(base64);
    return contentOf(value, { version: asString(version), arn: asString(arn), requestId }, location);
  }
  const input = parameterInput(location);
  const { Parameter, requestId } = await ask({ service: "ssm", target: "AmazonSSM.GetParameter", input });
  const parameter: JsonObject = isJsonObject(Parameter) ? Parameter : {};
  const { Value: value, Version: number, ARN: arn } = parameter;
  const version = typeof number === "number" ? String(number) : undefined;
  return contentOf(asString(value), { version, arn: asString(arn), requestId }, location);
}

function asString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function bytesIn(base64: unknown): Uint8Array | undefined {
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
}
