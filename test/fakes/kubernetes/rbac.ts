import type { Action } from "./status.ts";

export interface Grant {
  readonly resource: string;
  readonly verb: string;
  /** Absent: in every namespace and at the cluster scope, as by a ClusterRoleBinding. */
  readonly namespace?: string;
}

export class Rbac {
  readonly #grants = new Map<string, Grant[]>();

  /** `subject` is `namespace:name` of a service account, which need not exist yet. */
  grant(subject: string, grants: readonly Grant[]): void {
    if (!/^[^:]+:[^:]+$/.test(subject)) throw new Error(`grant: expected namespace:name, found "${subject}"`);
    const user = `system:serviceaccount:${subject}`;
    this.#grants.set(user, [...(this.#grants.get(user) ?? []), ...grants]);
  }

  allows(user: string, { verb, resource, namespace }: Action): boolean {
    const grants = this.#grants.get(user) ?? [];
    return grants.some(
      (grant) =>
        grant.verb === verb &&
        grant.resource === resource &&
        (grant.namespace === undefined || grant.namespace === namespace),
    );
  }
}
