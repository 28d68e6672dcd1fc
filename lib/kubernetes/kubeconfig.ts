/**
 * kubeconfig files: which cluster, as whom. Source: Kubernetes documentation, "Organizing Cluster Access Using
 * kubeconfig Files", and client-go, tools/clientcmd.
 */
import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { messageOf } from "../error.ts";
import { isJsonObject, type JsonObject, own } from "../json.ts";
import type { Environment } from "../settings.ts";
import { parseYaml } from "../yaml.ts";
import type { ApiServer } from "./client.ts";
import { type Entry, invalid, pemOf, textAt } from "./kubeconfig-entry.ts";
import { credentialOf } from "./kubeconfig-user.ts";
import type { TokenSource } from "./token.ts";

export interface Connection {
  readonly context: string;
  /** What the context says of objects that name none. */
  readonly namespace: string | undefined;
  readonly server: ApiServer;
  readonly token: TokenSource | undefined;
}

export interface KubeconfigQuery {
  /** Of the command line. */
  readonly file: string | undefined;
  /** In place of the current one. */
  readonly context: string | undefined;
  readonly environment: Environment;
  /** How long a credential plugin may run. */
  readonly pluginMs?: number;
}

/** The files that say, in their order; undefined where none is named. */
export function namedFiles({ file, environment }: KubeconfigQuery): readonly string[] | undefined {
  if (file !== undefined) return [file];
  const list = environment["KUBECONFIG"];
  return list ? list.split(delimiter).filter((each) => each !== "") : undefined;
}

/** Where it is when nobody says; undefined where there is no home. */
export function defaultFile({ environment }: KubeconfigQuery): string | undefined {
  const home = environment["HOME"];
  return home ? join(home, ".kube", "config") : undefined;
}

/**
 * The connection that the files name together; of what two of them name, the first one's counts.
 * @param files a missing one is left out where there are several
 * @throws PiggyError `kubeconfig_invalid`
 */
export async function readKubeconfig(files: readonly string[], query: KubeconfigQuery): Promise<Connection> {
  const read = await Promise.all(files.map((file) => readOne(file, files.length > 1)));
  const configs = read.filter((each) => each !== undefined);
  const from = files.join(delimiter);
  if (configs.length === 0) throw invalid(`${from}: none of these files is there`);
  const current = configs.map(({ json }) => own(json, "current-context")).find((name) => isText(name));
  const context = query.context ?? current;
  if (typeof context !== "string") throw invalid(`${from}: no current-context: name one with --context`);
  const { fields, at } = named(configs, "context", context, from);
  const cluster = named(configs, "cluster", textAt(fields, "cluster", at) ?? "", at);
  const userName = textAt(fields, "user", at);
  const user = userName === undefined ? undefined : named(configs, "user", userName, at);
  const server = await serverOf(cluster);
  const credential =
    user === undefined
      ? {}
      : await credentialOf(user, {
          cluster,
          server,
          environment: query.environment,
          limitMs: query.pluginMs,
        });
  return {
    context,
    namespace: textAt(fields, "namespace", at),
    server: { ...server, clientCertificate: credential.clientCertificate },
    token: credential.token,
  };
}

interface Config {
  readonly json: JsonObject;
  readonly file: string;
}

async function readOne(file: string, mayBeMissing: boolean): Promise<Config | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (mayBeMissing && isMissing(cause)) return undefined;
    throw invalid(`cannot read ${file}: ${messageOf(cause)}`, cause);
  }
  const [document] = parseYaml(text, file, "kubeconfig_invalid");
  if (document === undefined) return { json: {}, file };
  if (!isJsonObject(document.value)) throw invalid(`${file}: no kubeconfig: no object`);
  return { json: document.value, file };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function named(
  configs: readonly Config[],
  kind: "cluster" | "user" | "context",
  name: string,
  at: string,
): Entry {
  for (const { json, file } of configs) {
    const list = own(json, `${kind}s`);
    const entry = (Array.isArray(list) ? list : []).find(
      (each) => isJsonObject(each) && each["name"] === name,
    );
    if (!isJsonObject(entry)) continue;
    const fields = own(entry, kind);
    const where = `${file}: ${kind} ${JSON.stringify(name)}`;
    if (!isJsonObject(fields)) throw invalid(`${where} says nothing`);
    return { name, at: where, fields, directory: dirname(file) };
  }
  throw invalid(`${at}: there is no ${kind} ${JSON.stringify(name)}`);
}

async function serverOf(cluster: Entry): Promise<ApiServer> {
  const { fields, at } = cluster;
  const url = textAt(fields, "server", at);
  if (url === undefined || !/^https:/.test(url) || !URL.canParse(url)) {
    throw invalid(`${at}: server is no https:// address`);
  }
  const proxy = textAt(fields, "proxy-url", at);
  if (proxy !== undefined && !/^https?:/.test(proxy))
    throw invalid(`${at}: proxy-url is no http:// or https:// address`);
  return {
    url: url.replace(/\/$/, ""),
    ca: await pemOf(cluster, "certificate-authority"),
    serverName: textAt(fields, "tls-server-name", at),
    skipVerify: own(fields, "insecure-skip-tls-verify") === true,
    proxy: proxy ?? "environment",
  };
}

const isText = (value: unknown) => typeof value === "string" && value !== "";
