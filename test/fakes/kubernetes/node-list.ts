import { parseLabelSelector } from "./label-selector.ts";
import type { StoredObject } from "./objects.ts";
import type { Paging } from "./paging.ts";
import { anyObject, list, object, string } from "./schema.ts";
import { badRequest, StatusError, status } from "./status.ts";

const parseNode = object(
  {},
  {
    status: object(
      {},
      {
        nodeInfo: object(
          {},
          {
            kubeletVersion: string,
            osImage: string,
            kernelVersion: string,
            architecture: string,
            containerRuntimeVersion: string,
          },
        ),
        addresses: list(object({ type: string, address: string }, {})),
        conditions: list(anyObject),
      },
    ),
  },
);

/** What `kubectl get nodes -o wide` shows; those of priority 1 it leaves out without `-o wide`. */
const COLUMNS = [
  ["Name", 0],
  ["Status", 0],
  ["Roles", 0],
  ["Age", 0],
  ["Version", 0],
  ["Internal-IP", 1],
  ["External-IP", 1],
  ["OS-Image", 1],
  ["Kernel-Version", 1],
  ["Container-Runtime", 1],
] as const;

/** GET /api/v1/nodes: a NodeList or, where the client accepts that, a meta.k8s.io/v1 Table. */
export function listNodes(request: Request, nodes: readonly StoredObject[], paging: Paging): object {
  const query = new URL(request.url).searchParams;
  const isTable = wantsTable(request.headers.get("accept") ?? "*/*");
  const matches = parseLabelSelector(query.get("labelSelector") ?? "");
  const limit = Number(query.get("limit") ?? 0);
  if (!Number.isSafeInteger(limit)) throw new StatusError(badRequest(`strconv.ParseInt: parsing "${limit}"`));
  const { items, metadata } = paging.page(nodes, (node) => matches(node.metadata.labels ?? {}), {
    limit,
    token: query.get("continue") ?? "",
  });
  if (!isTable) return { kind: "NodeList", apiVersion: "v1", metadata, items };
  const include = query.get("includeObject") ?? "Metadata";
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: COLUMNS.map(([name, priority]) => {
      return { name, type: "string", format: name === "Name" ? "name" : "", description: name, priority };
    }),
    rows: items.map((node) => ({ cells: cellsOf(node), object: included(node, include) })),
  };
}

/** The first form that the client accepts of those that there are. */
function wantsTable(accept: string): boolean {
  for (const form of accept.split(",")) {
    const [type = "", ...parameters] = form.split(";").map((part) => part.trim());
    const isTable = ["as=Table", "v=v1", "g=meta.k8s.io"].every((part) => parameters.includes(part));
    if (type === "application/json" && isTable) return true;
    const isPlain = !parameters.some((part) => part.startsWith("as="));
    if (isPlain && ["application/json", "*/*"].includes(type)) return false;
  }
  const message =
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
  throw new StatusError(status(406, "NotAcceptable", message));
}

function included({ metadata, ...node }: StoredObject, include: string): object | null {
  switch (include) {
    case "None":
      return null;
    case "Metadata":
      return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
    case "Object":
      return { ...node, metadata };
    default:
      throw new StatusError(badRequest(`invalid includeObject value: "${include}"`));
  }
}

function cellsOf(stored: StoredObject): readonly string[] {
  const { status: { nodeInfo = {}, addresses = [], conditions = [] } = {} } = parseNode(stored, "Node");
  const ready = conditions.find((condition) => condition["type"] === "Ready");
  const roles = Object.keys(stored.metadata.labels ?? {}).flatMap(
    (label) => label.split("node-role.kubernetes.io/")[1] ?? [],
  );
  const address = (type: string) => addresses.find((entry) => entry.type === type)?.address ?? "<none>";
  const { kernelVersion = "<unknown>", architecture } = nodeInfo;
  return [
    stored.metadata.name,
    ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady",
    roles.join(",") || "<none>",
    "5d",
    nodeInfo.kubeletVersion ?? "",
    address("InternalIP"),
    address("ExternalIP"),
    nodeInfo.osImage || "<unknown>",
    architecture ? `${kernelVersion} (${architecture})` : kernelVersion,
    nodeInfo.containerRuntimeVersion || "<unknown>",
  ];
}
