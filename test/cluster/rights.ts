/** What a service account may do, one right at a time: each verb of each resource of each role that is its own. */
import type { Cluster } from "../apiserver/cluster.ts";
import { eventually } from "../apiserver/objects.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface Right {
  /** Where the role is: the API server's path of it. */
  readonly role: string;
  /** `NAMESPACE/ROLE`, or `ROLE` of the cluster. */
  readonly roleName: string;
  /** Undefined is every one. */
  readonly namespace: string | undefined;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Undefined is every one. */
  readonly name: string | undefined;
}

const API = "/apis/rbac.authorization.k8s.io/v1";

const parseBindings = object(
  {
    items: list(
      object(
        {
          metadata: object({ name: string }, { namespace: string }),
          roleRef: object({ kind: string, name: string }, {}),
        },
        { subjects: list(object({ kind: string, name: string }, { namespace: string })) },
      ),
    ),
  },
  {},
);
// A right to what is not a resource has none of these, and is none that anybody here knows.
const parseRules = list(
  object(
    { apiGroups: list(string), resources: list(string), verbs: list(string) },
    { resourceNames: list(string) },
  ),
);

export const userOf = ({ namespace, name }: Account) => `system:serviceaccount:${namespace}:${name}`;

/** As a sentence: `piggy-webhooks: get pods`. */
export function nameOfRight({ roleName, verb, group, resource, name }: Right): string {
  const what = [resource, group].filter((part) => part !== "").join(".");
  return `${roleName}: ${[verb, what, ...(name === undefined ? [] : [name])].join(" ")}`;
}

/** All that the account has by itself; not what every account has. */
export async function rightsOf(cluster: Cluster, account: Account): Promise<readonly Right[]> {
  const roles = new Map<string, Pick<Right, "role" | "roleName" | "namespace">>();
  for (const bindings of ["rolebindings", "clusterrolebindings"]) {
    const { body } = await cluster.admin.call("GET", `${API}/${bindings}`);
    for (const { metadata, roleRef, subjects = [] } of parseBindings(body, bindings).items) {
      if (!subjects.some((subject) => Bun.deepMatch({ kind: "ServiceAccount", ...account }, subject)))
        continue;
      const { namespace } = metadata;
      const isOfCluster = roleRef.kind === "ClusterRole";
      const role = isOfCluster
        ? `${API}/clusterroles/${roleRef.name}`
        : `${API}/namespaces/${namespace}/roles/${roleRef.name}`;
      const roleName = namespace === undefined ? roleRef.name : `${namespace}/${roleRef.name}`;
      roles.set(`${role} ${namespace}`, { role, roleName, namespace });
    }
  }
  const rights = await Promise.all([...roles.values()].map(async (place) => rightsIn(cluster, place)));
  return rights.flat();
}

async function rightsIn(
  cluster: Cluster,
  place: Pick<Right, "role" | "roleName" | "namespace">,
): Promise<readonly Right[]> {
  const { body } = await cluster.admin.call("GET", place.role);
  return parseRules(body["rules"], "rules").flatMap(({ apiGroups, resources, verbs, resourceNames = [] }) => {
    const names = resourceNames.length === 0 ? [undefined] : resourceNames;
    return apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => names.map((name) => ({ ...place, verb, group, resource, name }))),
      ),
    );
  });
}

function asRule({ verb, group, resource, name }: Right): object {
  const rule = { apiGroups: [group], resources: [resource], verbs: [verb] };
  return name === undefined ? rule : { ...rule, resourceNames: [name] };
}

/**
 * Does something while the account has all of its rights but one.
 * @param somewhere a namespace, where the right is for every one
 */
export async function without<T>(
  cluster: Cluster,
  account: Account,
  right: Right,
  somewhere: string,
  work: () => Promise<T>,
): Promise<T> {
  const { body } = await cluster.admin.call("GET", right.role);
  const others = (await rightsIn(cluster, right)).filter((each) => nameOfRight(each) !== nameOfRight(right));
  const give = async (rules: unknown, isAllowed: boolean) => {
    await cluster.admin.call("PATCH", right.role, { rules }, "application/merge-patch+json");
    await eventually(`${nameOfRight(right)}: ${isAllowed}`, async () => {
      return (await may(cluster, account, right, somewhere)) === isAllowed;
    });
  };
  await give(others.map(asRule), false);
  try {
    return await work();
  } finally {
    await give(body["rules"], true);
  }
}

async function may(cluster: Cluster, account: Account, right: Right, somewhere: string): Promise<boolean> {
  const { verb, group, resource, name, namespace = somewhere } = right;
  const resourceAttributes = { verb, group, resource, namespace, ...(name === undefined ? {} : { name }) };
  const { body } = await cluster.admin.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: userOf(account), resourceAttributes },
  });
  return Bun.deepMatch({ status: { allowed: true } }, body);
}
