import { randomBytes, randomUUID } from "node:crypto";
import { badRequest } from "./error.ts";
import { ACCOUNT, type Resource } from "./identities.ts";
import { type Input, optionalBoolean, optionalInteger, optionalString, requiredString } from "./input.ts";

const PAGE_SIZE = 10;

export interface ParameterEntry {
  readonly region: string;
  /** The whole path, `/demo/sample/test/KEY`. */
  readonly name: string;
  readonly value: string;
  readonly type?: "String" | "StringList" | "SecureString";
}

interface Parameter {
  readonly name: string;
  readonly arn: string;
  readonly type: "String" | "StringList" | "SecureString";
  readonly value: string;
  readonly ciphertext: string;
  readonly version: number;
  readonly lastModifiedDate: number;
}

/** Where a listing goes on. It holds for the very listing that gave it. */
interface Continuation {
  readonly listing: string;
  readonly start: number;
}

/** The store behind `ssm:GetParametersByPath`. Source: AWS Systems Manager API Reference. */
export class ParameterStore {
  readonly #regions = new Map<string, Map<string, Parameter>>();
  readonly #continuations = new Map<string, Continuation>();

  put({ region, name, value, type = "String" }: ParameterEntry): void {
    const parameters = this.#regions.get(region) ?? new Map<string, Parameter>();
    this.#regions.set(region, parameters);
    parameters.set(name, {
      name,
      arn: `arn:aws:ssm:${region}:${ACCOUNT}:parameter${name}`,
      type,
      value,
      // Real ciphertexts of the service begin so; random, because nothing must be read from it.
      ciphertext: `AQICAHh${randomBytes(120).toString("base64")}`,
      version: (parameters.get(name)?.version ?? 0) + 1,
      lastModifiedDate: Date.now() / 1000,
    });
  }

  resource(region: string, input: Input): Resource {
    const path = requiredPath(input);
    return {
      shown: `arn:aws:ssm:${region}:${ACCOUNT}:parameter${path}`,
      names: [path, `${path}/`],
    };
  }

  getParametersByPath(region: string, input: Input): object {
    const path = requiredPath(input);
    const recursive = optionalBoolean(input, "Recursive");
    const withDecryption = optionalBoolean(input, "WithDecryption");
    const size = optionalInteger(input, "MaxResults", { least: 1, most: PAGE_SIZE }) ?? PAGE_SIZE;
    const listing = JSON.stringify([region, path, recursive, withDecryption]);
    const start = this.#start(listing, optionalString(input, "NextToken"));
    const found = [...(this.#regions.get(region)?.values() ?? [])]
      .filter(({ name }) => isBelow(path, name, recursive))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = found.slice(start, start + size);
    const end = start + page.length;
    return {
      Parameters: page.map((parameter) => present(parameter, withDecryption)),
      ...(end < found.length ? { NextToken: this.#continueAt(listing, end) } : {}),
    };
  }

  #start(listing: string, token: string | undefined): number {
    if (token === undefined) return 0;
    const continuation = this.#continuations.get(token);
    if (continuation?.listing === listing) return continuation.start;
    throw badRequest("InvalidNextToken", "The specified token isn't valid.");
  }

  #continueAt(listing: string, start: number): string {
    const token = Buffer.from(randomUUID()).toString("base64");
    this.#continuations.set(token, { listing, start });
    return token;
  }
}

/** @returns the path without a closing slash: `/demo/` and `/demo` are one, and the root is the empty string */
function requiredPath(input: Input): string {
  const path = requiredString(input, "Path");
  if (path.startsWith("/")) return path.replace(/\/$/, "");
  throw badRequest(
    "ValidationException",
    'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". ' +
      'It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following ' +
      "symbols: . (period), - (hyphen), _ (underscore).",
  );
}

/** Without `recursive` only what stands directly in the path; never a parameter named like the path itself. */
function isBelow(path: string, name: string, recursive: boolean): boolean {
  if (!name.startsWith(`${path}/`)) return false;
  return recursive || !name.slice(path.length + 1).includes("/");
}

const present = (parameter: Parameter, withDecryption: boolean) => ({
  Name: parameter.name,
  Type: parameter.type,
  Value: parameter.type === "SecureString" && !withDecryption ? parameter.ciphertext : parameter.value,
  Version: parameter.version,
  LastModifiedDate: parameter.lastModifiedDate,
  ARN: parameter.arn,
  DataType: "text",
});
