/** One entry of Secrets Manager or Parameter Store, as a reference names it. */
import { PiggyError } from "../error.ts";
import type { Role } from "../role.ts";
import { describeLocation } from "./store.ts";

/** One secret or one parameter, and of which version; the current one where neither is named. */
export type EntryLocation =
  | {
      readonly kind: "secret";
      /** Name or ARN. */
      readonly name: string;
      readonly region: string;
      /** Version id. */
      readonly version?: string;
      /** Staging label. With a version it must be that version's. */
      readonly stage?: string;
      readonly role?: Role;
    }
  | {
      readonly kind: "parameter";
      /** Name or ARN. */
      readonly name: string;
      readonly region: string;
      /** Number. */
      readonly version?: string;
      readonly label?: string;
      readonly role?: Role;
    };

export interface EntryContent {
  /** Bytes of a binary secret, text of all else. */
  readonly value: string | Uint8Array;
  /** The version that was read. */
  readonly version: string | undefined;
  /** As AWS names what was read. */
  readonly arn: string | undefined;
  /** AWS's own id of the call. */
  readonly requestId: string | undefined;
}

/**
 * Reads one entry by one call.
 * @throws PiggyError as ReadStore does.
 */
export type ReadEntry = (location: EntryLocation, signal: AbortSignal) => Promise<EntryContent>;

/** GetSecretValue's input for one entry. Source: AWS Secrets Manager API Reference, GetSecretValue. */
export function entrySecretInput({ name, version, stage }: EntryLocation & { readonly kind: "secret" }) {
  return {
    SecretId: name,
    ...(version === undefined ? {} : { VersionId: version }),
    ...(stage === undefined ? {} : { VersionStage: stage }),
  };
}

/** GetParameter's input. Source: AWS Systems Manager API Reference, GetParameter. */
export function parameterInput({ name, version, label }: EntryLocation & { readonly kind: "parameter" }) {
  const selector = version ?? label;
  return { Name: selector === undefined ? name : `${name}:${selector}`, WithDecryption: true };
}

/** @throws PiggyError `aws_error` for an answer that holds neither text nor bytes. */
export function contentOf(
  value: string | Uint8Array | undefined,
  others: Omit<EntryContent, "value">,
  location: EntryLocation,
): EntryContent {
  if (value !== undefined) return { value, ...others };
  throw new PiggyError("aws_error", `${describeLocation(location)}: an answer without a value`);
}
