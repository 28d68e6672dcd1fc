/** Credentials as those who issue them write them down. */
import { isJsonObject, parseJson } from "../../json.ts";
import type { AwsCredentials } from "../signature.ts";

export interface IssuedCredentials {
  readonly credentials: AwsCredentials;
  /** Undefined when they do not expire. */
  readonly expiration: Date | undefined;
}

/**
 * The JSON in which container, instance and credential_process give credentials, which differ in the token's name;
 * undefined when it is none. Source: AWS SDKs and Tools Reference Guide, "Container", "IMDS" and "Process credential
 * provider".
 */
export function parseIssued(
  text: string,
  tokenField: "Token" | "SessionToken",
): IssuedCredentials | undefined {
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Expiration: expiration } = value;
  const sessionToken = value[tokenField];
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") return undefined;
  if (accessKeyId === "" || secretAccessKey === "") return undefined;
  const token = typeof sessionToken === "string" && sessionToken !== "" ? sessionToken : undefined;
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken: token },
    expiration: typeof expiration === "string" && expiration !== "" ? new Date(expiration) : undefined,
  };
}
