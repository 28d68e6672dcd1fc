/** What somebody asks of the API server, as its audit log has it. Source: Kubernetes documentation, "Auditing". */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { number, object, string } from "../fakes/kubernetes/schema.ts";

/** A request that was answered. What is not an object has no resource, and a list or what is created may have no name. */
export interface Asked {
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: number;
  /** Milliseconds since 1970. Its line is written when it was answered, or later. */
  readonly receivedAt: number;
}

export interface AuditLog {
  /** Options of kube-apiserver, by which it is written. */
  readonly options: Readonly<Record<string, string>>;
  /** All of that user's requests so far. */
  requests(): Promise<readonly Asked[]>;
}

/** Of one user; its files are in this folder. */
export async function createAuditLog(folder: string, user: string): Promise<AuditLog> {
  const policy = join(folder, "audit-policy.json");
  const log = join(folder, "audit.log");
  await writeFile(
    policy,
    JSON.stringify({
      apiVersion: "audit.k8s.io/v1",
      kind: "Policy",
      omitStages: ["RequestReceived"],
      rules: [{ level: "Metadata", users: [user] }, { level: "None" }],
    }),
  );
  return {
    options: { "audit-policy-file": policy, "audit-log-path": log },
    async requests() {
      if (!existsSync(log)) return [];
      // The last line may still be on its way.
      const lines = (await readFile(log, "utf8")).split("\n").slice(0, -1);
      return lines.map(parseAsked);
    },
  };
}

const parseEntry = object(
  {
    verb: string,
    requestURI: string,
    requestReceivedTimestamp: string,
    responseStatus: object({ code: number }, {}),
  },
  { objectRef: object({}, { apiGroup: string, resource: string, namespace: string, name: string }) },
);

function parseAsked(line: string): Asked {
  const { verb, requestURI, requestReceivedTimestamp, responseStatus, objectRef } = parseEntry(
    JSON.parse(line),
    "audit entry",
  );
  return {
    verb,
    path: requestURI,
    group: objectRef?.apiGroup ?? "",
    resource: objectRef?.resource,
    namespace: objectRef?.namespace,
    name: objectRef?.name,
    status: responseStatus.code,
    receivedAt: Date.parse(requestReceivedTimestamp),
  };
}
