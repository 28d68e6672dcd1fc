/**
 * Credentials that a program gives, such as `aws eks get-token`. Source: Kubernetes documentation, "Authenticating",
 * client-go credential plugins; Kubernetes API reference, client.authentication.k8s.io/v1 ExecCredential.
 */
import { messageOf } from "../error.ts";
import { isJsonObject, type JsonObject, own, parseJson } from "../json.ts";
import type { Environment } from "../settings.ts";
import type { ApiServer } from "./client.ts";
import { type Entry, invalid, pathIn, textAt } from "./kubeconfig-entry.ts";
import type { TokenSource } from "./token.ts";

const GROUP = "client.authentication.k8s.io";
const VERSIONS: readonly string[] = [`${GROUP}/v1`, `${GROUP}/v1beta1`];

/** Somebody may have to say yes in a browser. */
const RUN_MS = 60_000;
const LONGEST_OUTPUT = 1024 * 1024;

export interface Credential {
  readonly token?: TokenSource | undefined;
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
}

export interface Surroundings {
  readonly cluster: Entry;
  readonly server: ApiServer;
  readonly environment: Environment;
  /** How long a plugin may run; by default a minute. */
  readonly limitMs?: number | undefined;
}

interface Plugin {
  readonly at: string;
  readonly apiVersion: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly installHint: string | undefined;
  readonly limitMs: number;
}

interface Issued {
  readonly token: string | undefined;
  readonly clientCertificate: Credential["clientCertificate"];
  /** In milliseconds. */
  readonly expiresAt: number;
}

/**
 * Runs the plugin, and again when its token has run out or was refused.
 * @param exec the user's `exec`
 * @throws PiggyError `kubeconfig_invalid`
 */
export async function createExecCredential(exec: Entry, surroundings: Surroundings): Promise<Credential> {
  const plugin = parsePlugin(exec, surroundings);
  const first = await runPlugin(plugin);
  const { clientCertificate } = first;
  if (first.token === undefined) return { clientCertificate };
  let issued: Issued | undefined = first;
  return {
    clientCertificate,
    token: {
      async current() {
        if (issued === undefined || issued.expiresAt <= Date.now()) issued = await runPlugin(plugin);
        return issued.token ?? "";
      },
      forget() {
        issued = undefined;
      },
    },
  };
}

function parsePlugin(
  { fields, at, directory }: Entry,
  { cluster, server, environment, limitMs = RUN_MS }: Surroundings,
): Plugin {
  const apiVersion = textAt(fields, "apiVersion", at) ?? "";
  if (!VERSIONS.includes(apiVersion)) {
    throw invalid(`${at}: apiVersion is ${JSON.stringify(apiVersion)}, not ${VERSIONS.join(" or ")}`);
  }
  const command = textAt(fields, "command", at);
  if (command === undefined) throw invalid(`${at}: no command`);
  if (textAt(fields, "interactiveMode", at) === "Always") {
    throw invalid(`${at}: interactiveMode is Always, and standard input is not given to it`);
  }
  const isNamed = !command.includes("/");
  const spec = {
    interactive: false,
    ...(own(fields, "provideClusterInfo") === true ? { cluster: clusterInfo(cluster, server) } : {}),
  };
  return {
    at,
    apiVersion,
    argv: [isNamed ? command : pathIn(directory, command), ...argumentsIn(fields, at)],
    environment: {
      ...environment,
      ...variablesIn(fields, at),
      KUBERNETES_EXEC_INFO: JSON.stringify({ kind: "ExecCredential", apiVersion, spec }),
    },
    installHint: textAt(fields, "installHint", at),
    limitMs,
  };
}

/** As a plugin is told of it. Source: client.authentication.k8s.io/v1, Cluster. */
function clusterInfo({ fields }: Entry, { url, ca, serverName, skipVerify, proxy }: ApiServer): JsonObject {
  const config = own(fields, "extensions");
  const extension = (Array.isArray(config) ? config : []).find(
    (each) => isJsonObject(each) && each["name"] === "client.authentication.k8s.io/exec",
  );
  return {
    server: url,
    ...(serverName === undefined ? {} : { "tls-server-name": serverName }),
    ...(skipVerify ? { "insecure-skip-tls-verify": true } : {}),
    ...(ca === undefined ? {} : { "certificate-authority-data": btoa(ca) }),
    ...(proxy === undefined || proxy === "environment" ? {} : { "proxy-url": proxy }),
    ...(isJsonObject(extension) ? { config: own(extension, "extension") ?? null } : {}),
  };
}

function argumentsIn(fields: JsonObject, at: string): readonly string[] {
  const list = own(fields, "args") ?? [];
  if (Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
  throw invalid(`${at}: args is not a list of strings`);
}

function variablesIn(fields: JsonObject, at: string): Readonly<Record<string, string>> {
  const list = own(fields, "env") ?? [];
  if (!Array.isArray(list)) throw invalid(`${at}: env is not a list`);
  const entries = list.map((each) => {
    const name = isJsonObject(each) ? own(each, "name") : undefined;
    const value = isJsonObject(each) ? (own(each, "value") ?? "") : undefined;
    if (typeof name === "string" && typeof value === "string") return [name, value] as const;
    throw invalid(`${at}: env is not a list of names and values`);
  });
  return Object.fromEntries(entries);
}

async function runPlugin(plugin: Plugin): Promise<Issued> {
  const { at, argv, limitMs, installHint } = plugin;
  const failed = (what: string, cause?: unknown) => invalid(`${at}: ${argv[0]} ${what}`, cause);
  const signal = AbortSignal.timeout(limitMs);
  const child = start(plugin, signal, (cause) => {
    const hint = installHint === undefined ? "" : `: ${installHint.trim()}`;
    return failed(`does not start: ${messageOf(cause)}${hint}`, cause);
  });
  // What the program has started itself may hold the pipe open after its end.
  const stdout = await Promise.race([child.stdout.text(), ended(signal)]);
  if (stdout === undefined) throw failed(`did not end within ${limitMs / 1000} s`);
  const exitCode = await child.exited;
  if (exitCode !== 0) throw failed(`ended with exit code ${exitCode}`);
  return parseCredential(stdout, plugin);
}

function start({ argv, environment }: Plugin, signal: AbortSignal, failed: (cause: unknown) => Error) {
  try {
    return Bun.spawn([...argv], {
      env: environment,
      // The manifests may be there.
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      signal,
      maxBuffer: LONGEST_OUTPUT,
      killSignal: "SIGKILL",
    });
  } catch (cause) {
    throw failed(cause);
  }
}

function ended(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener("abort", () => resolve(undefined), { once: true });
  return promise;
}

/** What it printed is never quoted: it may hold a token. */
function parseCredential(stdout: string, { at, apiVersion, argv }: Plugin): Issued {
  const wrong = (what: string) => invalid(`${at}: ${argv[0]} ${what}`);
  const credential = parseJson(stdout);
  if (!isJsonObject(credential) || credential["kind"] !== "ExecCredential")
    throw wrong("printed no ExecCredential");
  if (credential["apiVersion"] !== apiVersion) {
    throw wrong(`printed an ExecCredential of another version than ${apiVersion}`);
  }
  const status = own(credential, "status");
  if (!isJsonObject(status)) throw wrong("printed an ExecCredential without status");
  const token = textAt(status, "token", at);
  const cert = textAt(status, "clientCertificateData", at);
  const key = textAt(status, "clientKeyData", at);
  if ((cert === undefined) !== (key === undefined)) throw wrong("gave a certificate or a key alone");
  if (token === undefined && cert === undefined) throw wrong("gave neither a token nor a certificate");
  const expires = Date.parse(textAt(status, "expirationTimestamp", at) ?? "");
  return {
    token,
    clientCertificate: cert === undefined || key === undefined ? undefined : { cert, key },
    expiresAt: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires,
  };
}
