/** One entry by the injector's transport; loaded where a reference names one. */
import { objectOf, stringOf } from "../json.ts";
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
    const value = stringOf(text) ?? bytesIn(base64);
    return contentOf(value, { version: stringOf(version), arn: stringOf(arn), requestId }, location);
  }
  const input = parameterInput(location);
  const { Parameter, requestId } = await ask({ service: "ssm", target: "AmazonSSM.GetParameter", input });
  const { Value: value, Version: number, ARN: arn } = objectOf(Parameter);
  const version = typeof number === "number" ? String(number) : undefined;
  return contentOf(stringOf(value), { version, arn: stringOf(arn), requestId }, location);
}

function bytesIn(base64: unknown): Uint8Array | undefined {
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
}
