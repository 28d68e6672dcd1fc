import { randomBytes, randomUUID } from "node:crypto";
import { badRequest } from "./error.ts";
import { ACCOUNT, partitionOf, type Resource } from "./identities.ts";
import { type Input, optionalString, requiredString } from "./input.ts";

export interface SecretEntry {
  readonly region: string;
  readonly name: string;
  readonly value: string | Uint8Array;
  /** This version's id, by default a new one. */
  readonly versionId?: string;
  /** This version's key is one that the caller may not use. */
  readonly kmsDenied?: boolean;
  /** Where the secret is replicated to: the same versions, and an ARN that differs in the region alone. */
  readonly replicas?: readonly string[];
  /** Whose it is, by default 111122223333's. Another account's is found by its ARN alone, or by a role of it. */
  readonly account?: string;
}

interface Version {
  readonly id: string;
  readonly value: string | Uint8Array;
  readonly kmsDenied: boolean;
  readonly createdDate: number;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly versions: Version[];
  /** A replica's, too. */
  readonly state: { isDeleted: boolean };
}

/** The store behind `secretsmanager:GetSecretValue`. Source: AWS Secrets Manager API Reference. */
export class SecretsManager {
  /** By region and account. */
  readonly #places = new Map<string, Map<string, Secret>>();

  /** Creates the secret or adds a version, which becomes AWSCURRENT. A secret marked for deletion is restored. */
  put(entry: SecretEntry): { arn: string; versionId: string } {
    const { region, name, value, kmsDenied = false, replicas = [], account = ACCOUNT } = entry;
    const secret = this.#secrets(region, account).get(name) ?? newSecret(region, name, account);
    this.#secrets(region, account).set(name, secret);
    for (const replica of replicas) {
      const arn = secret.arn.replace(`:${region}:`, `:${replica}:`);
      this.#secrets(replica, account).set(name, { ...secret, arn });
    }
    const { versionId: id = randomUUID() } = entry;
    const version = { id, value, kmsDenied, createdDate: Date.now() / 1000 };
    secret.versions.push(version);
    secret.state.isDeleted = false;
    return { arn: secret.arn, versionId: version.id };
  }

  markForDeletion(region: string, name: string): void {
    const secret = this.#secrets(region, ACCOUNT).get(name);
    if (secret === undefined) throw new Error(`There is no secret ${name} in ${region}`);
    secret.state.isDeleted = true;
  }

  resource(region: string, input: Input, account: string): Resource {
    const id = requiredId(input);
    const secret = this.#find(region, id, account);
    const names = secret === undefined ? [id] : [id, secret.name, secret.arn];
    return { shown: id, names, account: accountIn(id) ?? account };
  }

  getSecretValue(region: string, input: Input, account: string): object {
    const secret = this.#find(region, requiredId(input), account);
    if (secret === undefined) throw notFound("Secrets Manager can't find the specified secret.");
    if (secret.state.isDeleted) {
      throw invalidRequest(
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    const version = selectVersion(
      secret,
      optionalString(input, "VersionId"),
      optionalString(input, "VersionStage"),
    );
    if (version.kmsDenied) throw badRequest("AccessDeniedException", "Access to KMS is not allowed");
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      ...(typeof version.value === "string"
        ? { SecretString: version.value }
        : { SecretBinary: Buffer.from(version.value).toString("base64") }),
      VersionStages: stagesOf(secret, version),
      CreatedDate: version.createdDate,
    };
  }

  #secrets(region: string, account: string): Map<string, Secret> {
    const place = `${region} ${account}`;
    const secrets = this.#places.get(place) ?? new Map<string, Secret>();
    this.#places.set(place, secrets);
    return secrets;
  }

  /** A SecretId is a name, an ARN, or an ARN without the hyphen and the six random characters. */
  #find(region: string, id: string, account: string): Secret | undefined {
    const secrets = this.#secrets(region, accountIn(id) ?? account);
    return (
      secrets.get(id) ??
      secrets.values().find(({ arn }) => arn === id || arn.slice(0, -"-abcdef".length) === id)
    );
  }
}

/** Of an ARN. */
const accountIn = (id: string) => /^arn:[\w-]+:secretsmanager:[\w-]+:(\d{12}):/.exec(id)?.[1];

function requiredId(input: Input): string {
  const id = requiredString(input, "SecretId");
  if (/^[\w/+=.@!:-]+$/.test(id)) return id;
  throw badRequest(
    "ValidationException",
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
  );
}

function newSecret(region: string, name: string, account: string): Secret {
  const suffix = Array.from(randomBytes(6), (byte) => (byte % 36).toString(36)).join("");
  return {
    name,
    arn: `arn:${partitionOf(region)}:secretsmanager:${region}:${account}:secret:${name}-${suffix}`,
    versions: [],
    state: { isDeleted: false },
  };
}

/** Versions older than the previous one are deprecated: no stage, yet still found by their id. */
function stagesOf({ versions }: Secret, version: Version): string[] {
  if (version === versions.at(-1)) return ["AWSCURRENT"];
  return version === versions.at(-2) ? ["AWSPREVIOUS"] : [];
}

function selectVersion(secret: Secret, id: string | undefined, stage: string | undefined): Version {
  if (id === undefined) return byStage(secret, stage ?? "AWSCURRENT");
  const version = secret.versions.find((candidate) => candidate.id === id);
  if (version === undefined) {
    throw notFound(`Secrets Manager can't find the specified secret value for VersionId: ${id}`);
  }
  if (stage !== undefined && !stagesOf(secret, version).includes(stage)) {
    throw invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.");
  }
  return version;
}

function byStage(secret: Secret, stage: string): Version {
  const version = secret.versions.find((candidate) => stagesOf(secret, candidate).includes(stage));
  if (version !== undefined) return version;
  throw notFound(`Secrets Manager can't find the specified secret value for staging label: ${stage}`);
}

const notFound = (message: string) => badRequest("ResourceNotFoundException", message);
const invalidRequest = (message: string) => badRequest("InvalidRequestException", message);
