/** The parts of a kubeconfig, and the files that they name. Source: client-go, tools/clientcmd/api/v1. */
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { messageOf, PiggyError } from "../error.ts";
import { type JsonObject, own } from "../json.ts";

/** A named cluster, user or context, and the folder that its paths are relative to. */
export interface Entry {
  readonly name: string;
  /** What an error calls it. */
  readonly at: string;
  readonly fields: JsonObject;
  readonly directory: string;
}

/**
 * What the field with `-data` holds in base64, else what the file holds that the field names.
 * @throws PiggyError `kubeconfig_invalid`, which does not quote it
 */
export async function pemOf({ fields, at, directory }: Entry, field: string): Promise<string | undefined> {
  const data = textAt(fields, `${field}-data`, at);
  const file = textAt(fields, field, at);
  if (data === undefined && file === undefined) return undefined;
  const pem =
    data === undefined ? await readText(file ?? "", directory, at) : Buffer.from(data, "base64").toString();
  if (pem.includes("-----BEGIN ")) return pem;
  throw invalid(`${at}: ${data === undefined ? field : `${field}-data`} holds no PEM`);
}

/** A file that an entry names, relative to its own. */
export function pathIn(directory: string, file: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}

async function readText(file: string, directory: string, at: string): Promise<string> {
  const path = pathIn(directory, file);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw invalid(`${at}: cannot read ${path}: ${messageOf(cause)}`, cause);
  }
}

/** A field's text; an empty one counts as none. @throws PiggyError `kubeconfig_invalid` */
export function textAt(fields: JsonObject, field: string, at: string): string | undefined {
  const value = own(fields, field) ?? "";
  if (typeof value !== "string") throw invalid(`${at}: ${field} is not a string`);
  return value === "" ? undefined : value;
}

export function invalid(what: string, cause?: unknown): PiggyError {
  return new PiggyError("kubeconfig_invalid", `kubeconfig ${what}`, { cause });
}
