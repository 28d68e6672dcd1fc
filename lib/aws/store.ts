/**
 * Secrets Manager and Parameter Store as one thing: a place that is read, and the keys and values in it, or one entry
 * and all that is in it.
 */

import type { Role } from "../role.ts";
import type { EntryLocation, ReadEntry } from "./entry.ts";

export interface SecretLocation {
  readonly kind: "secret";
  /** Name or ARN. */
  readonly name: string;
  /** Staging label or version id. */
  readonly version: string;
  readonly region: string;
  readonly role?: Role;
}

export interface PathLocation {
  readonly kind: "path";
  readonly path: string;
  readonly region: string;
  /** Whether only what stands directly in the path is meant. */
  readonly isFlat?: boolean;
  readonly role?: Role;
}

export type StoreLocation = SecretLocation | PathLocation;

export interface StoreEntries {
  readonly values: ReadonlyMap<string, string>;
  /** Of a path: keys without a value that more than one parameter would give, with these parameters' names. */
  readonly ambiguous?: ReadonlyMap<string, readonly string[]>;
  /** The version that was read, where the store has versions. */
  readonly version: string | undefined;
  /** As AWS names what was read: the secret, or each parameter; empty texts where it did not. */
  readonly arns: readonly string[];
  /** AWS's own id of the call, of the last one where there were more. */
  readonly requestId: string | undefined;
}

/**
 * Reads all that is at a location.
 * @throws PiggyError with a code `secret_*`, `aws_*`, `region_invalid` or `credentials_missing`; the message names
 * the location and says what AWS said.
 */
export type ReadStore = (location: StoreLocation, signal: AbortSignal) => Promise<StoreEntries>;

export interface Store {
  readonly readStore: ReadStore;
  readonly readEntry: ReadEntry;
}

export function describeLocation(location: StoreLocation | EntryLocation): string {
  const { kind, region } = location;
  if (kind === "path") return `parameter path ${location.path} in ${region}`;
  return `${kind} ${location.name} in ${region}`;
}

/**
 * A UUID, as AWS and its SDKs make them, or what Terraform's provider makes. A version id is any text of 32 to 64
 * characters, but a staging label may be that too. Source: terraform-plugin-sdk, helper/id, PrefixedUniqueId.
 */
const VERSION_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|terraform-\d{18}[0-9a-f]{8})$/i;

/** GetSecretValue's input. Source: AWS Secrets Manager API Reference, GetSecretValue. */
export function secretValueInput({ name, version }: SecretLocation) {
  return VERSION_ID.test(version)
    ? { SecretId: name, VersionId: version }
    : { SecretId: name, VersionStage: version };
}

/** GetParametersByPath's input. Source: AWS Systems Manager API Reference, GetParametersByPath. */
export function parametersInput({ path, isFlat = false }: PathLocation, nextToken: string | undefined) {
  const page = { Path: path, Recursive: !isFlat, WithDecryption: true, MaxResults: 10 };
  return nextToken === undefined ? page : { ...page, NextToken: nextToken };
}

/** A parameter's key: the last segment of its name. */
export function parameterKey(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/**
 * The values by key of the parameters by name. Of names that end alike the shallowest counts, wherever AWS lists it:
 * what stands in a folder of the path is not to take its place. Of equally deep ones none does.
 */
export function parameterValues(parameters: ReadonlyMap<string, string>) {
  const shallowest = new Map<string, string[]>();
  for (const name of parameters.keys()) {
    const names = shallowest.get(parameterKey(name));
    const deeper = names?.[0] === undefined ? -1 : depthOf(name) - depthOf(names[0]);
    if (deeper < 0) shallowest.set(parameterKey(name), [name]);
    else if (deeper === 0) names?.push(name);
  }
  const values = new Map<string, string>();
  const ambiguous = new Map<string, readonly string[]>();
  for (const [key, names] of shallowest) {
    const [name = ""] = names;
    if (names.length > 1) ambiguous.set(key, names);
    else values.set(key, parameters.get(name) ?? "");
  }
  return { values, ambiguous };
}

function depthOf(name: string): number {
  return name.split("/").length;
}
