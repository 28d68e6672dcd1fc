/**
 * Lists as the API server would print them: a row of cells for each object in place of the object, which for a Node
 * is a hundredth of it. Source: Kubernetes documentation, "Kubernetes API Concepts", Receiving resources as Tables
 * and Retrieving large results sets in chunks.
 */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectOf, stringOf } from "../json.ts";
import type { ApiResponse, KubernetesClient } from "./client.ts";
import { refused } from "./objects.ts";

const ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** A row's cell of a column. */
export type Row<Column extends string> = (column: Column) => string;

export interface TableRequest<Column extends string> {
  /** Of the collection. */
  readonly path: string;
  readonly columns: readonly Column[];
  readonly labelSelector: string;
  /** Rows of a page; no more are held at once. */
  readonly limit: number;
}

/** What the visitor of a row says: go on, or enough is known. */
export type Visit<Column extends string> = (row: Row<Column>) => "on" | "enough";

/** How often a list is begun anew whose next page the API server no longer has. */
const MOST_BEGINNINGS = 3;

/**
 * Visits the rows of a list, page by page; some again, when a page's snapshot is gone and the list begins anew.
 * @returns `forbidden` when we may not list
 * @throws PiggyError `kubernetes_unavailable`, or `kubernetes_error` for another refusal or an answer without
 * these columns
 */
export async function visitTable<Column extends string>(
  client: KubernetesClient,
  request: TableRequest<Column>,
  visit: Visit<Column>,
  signal: AbortSignal,
): Promise<"visited" | "forbidden"> {
  let next = "";
  for (let beginnings = 1; ; ) {
    const response = await readPage(client, request, next, signal);
    if (response.ok) {
      const { rows, remaining } = parseTable(response.object, request);
      if (rows.some((row) => visit(row) === "enough") || remaining === "") return "visited";
      next = remaining;
    } else if (response.code === 403) {
      return "forbidden";
    } else if (response.code === 410 && beginnings < MOST_BEGINNINGS) {
      next = "";
      beginnings += 1;
    } else {
      throw refused(response);
    }
  }
}

function readPage<Column extends string>(
  client: KubernetesClient,
  { path, labelSelector, limit }: TableRequest<Column>,
  next: string,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const query = new URLSearchParams({
    includeObject: "None",
    limit: String(limit),
    labelSelector,
    ...(next === "" ? {} : { continue: next }),
  });
  return client.request({ method: "GET", path: `${path}?${query}`, accept: ACCEPT, signal });
}

function parseTable<Column extends string>(table: JsonObject, { path, columns }: TableRequest<Column>) {
  const names = asList(table["columnDefinitions"]).map((column) =>
    isJsonObject(column) ? column["name"] : undefined,
  );
  const missing = columns.find((column) => !names.includes(column));
  if (missing !== undefined) {
    throw new PiggyError(
      "kubernetes_error",
      `Kubernetes API: GET ${path}: the answer has no column ${missing}`,
    );
  }
  return {
    rows: asList(table["rows"]).map((row) => parseRow(row, names)),
    remaining: stringOf(objectOf(table["metadata"])["continue"]) ?? "",
  };
}

function parseRow(row: JsonValue, names: readonly unknown[]): (column: string) => string {
  const cells = isJsonObject(row) ? asList(row["cells"]) : [];
  return (column) => String(cells[names.indexOf(column)] ?? "");
}

function asList(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
