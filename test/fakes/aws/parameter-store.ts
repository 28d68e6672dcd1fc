import { randomBytes, randomUUID } from "node:crypto";
import { badRequest } from "./error.ts";
import { ACCOUNT, partitionOf, type Resource } from "./identities.ts";
import { type Input, optionalBoolean, optionalInteger, optionalString, requiredString } from "./input.ts";

const PAGE_SIZE = 10;

export interface ParameterEntry {
  readonly region: string;
  /** The whole path, `/demo/sample/test/KEY`. */
  readonly name: string;
  readonly value: string;
  readonly type?: "String" | "StringList" | "SecureString";
  /** This version's key is one that the caller may not use. */
  readonly kmsDenied?: boolean;
}

/** Which version gets a label; one that another version had moves. */
export interface ParameterLabel {
  readonly region: string;
  readonly name: string;
  readonly version: number;
  readonly label: string;
}

/** One version of a parameter. */
interface Parameter {
  readonly name: string;
  readonly arn: string;
  readonly type: "String" | "StringList" | "SecureString";
  readonly value: string;
  readonly ciphertext: string;
  readonly version: number;
  readonly labels: Set<string>;
  readonly kmsDenied: boolean;
  readonly lastModifiedDate: number;
}

/** Where a listing goes on. It holds for the very listing that gave it. */
interface Continuation {
  readonly listing: string;
  readonly start: number;
}

/** The store behind `ssm:GetParameter` and `ssm:GetParametersByPath`. Source: AWS Systems Manager API Reference. */
export class ParameterStore {
  /** By region and name, the versions from the first on. */
  readonly #regions = new Map<string, Map<string, Parameter[]>>();
  readonly #continuations = new Map<string, Continuation>();

  /** Adds a version. */
  put({ region, name, value, type = "String", kmsDenied = false }: ParameterEntry): {
    arn: string;
    version: number;
  } {
    const parameters = this.#regions.get(region) ?? new Map<string, Parameter[]>();
    this.#regions.set(region, parameters);
    const versions = parameters.get(name) ?? [];
    parameters.set(name, versions);
    const arn = arnOf(region, name);
    const version = versions.length + 1;
    versions.push({
      name,
      arn,
      type,
      value,
      // Real ciphertexts of the service begin so; random, because nothing must be read from it.
      ciphertext: `AQICAHh${randomBytes(120).toString("base64")}`,
      version,
      labels: new Set(),
      kmsDenied,
      lastModifiedDate: Date.now() / 1000,
    });
    return { arn, version };
  }

  label({ region, name, version, label }: ParameterLabel): void {
    const versions = this.#regions.get(region)?.get(name) ?? [];
    const labelled = versions[version - 1];
    if (labelled === undefined) throw new Error(`There is no version ${version} of ${name} in ${region}`);
    for (const { labels } of versions) labels.delete(label);
    labelled.labels.add(label);
  }

  pathResource(region: string, input: Input): Resource {
    const path = requiredPath(input);
    return { shown: arnOf(region, path), names: [path, `${path}/`] };
  }

  parameterResource(region: string, input: Input): Resource {
    const { name } = requiredSelector(input);
    if (isArn(name)) return { shown: name, names: [name] };
    const arn = arnOf(region, name);
    return { shown: arn, names: [name, arn] };
  }

  getParameter(region: string, input: Input): object {
    const { name, selector } = requiredSelector(input);
    const withDecryption = optionalBoolean(input, "WithDecryption");
    const versions = this.#versions(region, name);
    // The service says nothing more than the name of this error.
    if (versions === undefined) throw badRequest("ParameterNotFound", "");
    const parameter = selectVersion(versions, selector);
    const suffix = selector === undefined ? {} : { Selector: `:${selector}` };
    return { Parameter: { ...present(parameter, withDecryption), ...suffix } };
  }

  #versions(region: string, name: string): readonly Parameter[] | undefined {
    const parameters = this.#regions.get(region);
    return isArn(name)
      ? parameters?.values().find((versions) => versions[0]?.arn === name)
      : parameters?.get(name);
  }

  getParametersByPath(region: string, input: Input): object {
    const path = requiredPath(input);
    const recursive = optionalBoolean(input, "Recursive");
    const withDecryption = optionalBoolean(input, "WithDecryption");
    const size = optionalInteger(input, "MaxResults", { least: 1, most: PAGE_SIZE }) ?? PAGE_SIZE;
    const listing = JSON.stringify([region, path, recursive, withDecryption]);
    const start = this.#start(listing, optionalString(input, "NextToken"));
    const found = [...(this.#regions.get(region)?.values() ?? [])]
      .flatMap((versions) => versions.slice(-1))
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

const arnOf = (region: string, name: string) =>
  `arn:${partitionOf(region)}:ssm:${region}:${ACCOUNT}:parameter${name.startsWith("/") ? "" : "/"}${name}`;

const isArn = (name: string) => name.startsWith("arn:");

const NAME = /^([\w./-]+|arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter\/[\w./-]+)(?::([\w.-]+))?$/;

/** A name or ARN, and behind a colon the number or the label of a version. */
function requiredSelector(input: Input): { readonly name: string; readonly selector: string | undefined } {
  const [, name, selector] = NAME.exec(requiredString(input, "Name")) ?? [];
  if (name !== undefined) return { name, selector };
  throw badRequest(
    "ValidationException",
    "Invalid parameter name. Please use correct syntax for referencing a version/label <name>:<version/label>",
  );
}

function selectVersion(versions: readonly Parameter[], selector: string | undefined): Parameter {
  const isNumber = selector !== undefined && /^\d+$/.test(selector);
  const found =
    selector === undefined
      ? versions.at(-1)
      : versions.find(({ version, labels }) =>
          isNumber ? version === Number(selector) : labels.has(selector),
        );
  if (found !== undefined) return found;
  throw badRequest(
    "ParameterVersionNotFound",
    `Systems Manager could not find ${isNumber ? "version" : "label"} ${selector} of ${versions[0]?.name}. Verify the ` +
      "version and try again.",
  );
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

function present(parameter: Parameter, withDecryption: boolean) {
  if (parameter.type === "SecureString" && withDecryption && parameter.kmsDenied) {
    throw badRequest(
      "AccessDeniedException",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you " +
        "are not allowed to access.",
    );
  }
  return {
    Name: parameter.name,
    Type: parameter.type,
    Value: parameter.type === "SecureString" && !withDecryption ? parameter.ciphertext : parameter.value,
    Version: parameter.version,
    LastModifiedDate: parameter.lastModifiedDate,
    ARN: parameter.arn,
    DataType: "text",
  };
}
