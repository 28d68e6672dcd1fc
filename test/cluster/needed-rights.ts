/** That piggy-webhooks, as the chart installs it, needs each of its rights and no other. */
import { expect } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Asked, createAuditLog } from "./audit.ts";
import * as duty from "./duties.ts";
import { installChart, OWN_NAMESPACE, RELEASE, RESTRICTED } from "./installation.ts";
import { startOneNode } from "./one-node.ts";
import { addLiveNamespace } from "./pods.ts";
import { nameOfRight, type Right, rightsOf, userOf, without } from "./rights.ts";

/** By each right, what is not done without it. A new right needs a row, and each row something that is undone. */
export type NeededRights = Readonly<Record<string, readonly string[]>>;

export const NAMESPACE = "shop";
/** The API server's trust in the CA is looked after all the same. */
export const CERTIFICATE = [duty.VOUCH, duty.WRITE_BACK, duty.OWN];
export const OF_SECRETS = [duty.READ_SECRET, duty.PULL, duty.PULL_BY_ACCOUNT];

export const OWN_ROLE = `${OWN_NAMESPACE}/${RELEASE}-own`;
const CONFIGURATION = `mutatingwebhookconfigurations.admissionregistration.k8s.io ${RELEASE}`;

/** Wherever it may read Secrets and ConfigMaps. */
export const ALWAYS: NeededRights = {
  [`${RELEASE}: create tokenreviews.authentication.k8s.io`]: [duty.HAND_OUT, duty.REFUSE, duty.TELL],
  [`${RELEASE}: get pods`]: [duty.HAND_OUT, duty.TELL],
  [`${RELEASE}: list nodes`]: [duty.MOUNT],
  [`${RELEASE}: create events.events.k8s.io`]: [duty.TELL],
  [`${RELEASE}: get ${CONFIGURATION}`]: [duty.TRUST],
  [`${RELEASE}: patch ${CONFIGURATION}`]: [duty.TRUST],
  [`${OWN_ROLE}: create secrets`]: [duty.WRITE_BACK, duty.OWN],
  [`${OWN_ROLE}: update secrets ${RELEASE}-own-ca`]: [duty.VOUCH],
  [`${OWN_ROLE}: get services ${RELEASE}`]: [duty.OWN],
};

const ACCOUNT = { namespace: OWN_NAMESPACE, name: RELEASE };

export interface RightsStage {
  /** Fails unless these are the rights that are given, and all is done with each of them and no other. */
  readonly expectAllNeeded: (table: NeededRights) => Promise<void>;
  /** Fails unless it is this that is not done without the right. */
  readonly expectUndone: (right: string, undone: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @param rbac of the chart's values */
export async function startRightsStage(rbac: object): Promise<RightsStage> {
  const folder = await mkdtemp(join(tmpdir(), "piggy-audit-"));
  const audit = await createAuditLog(folder, userOf(ACCOUNT));
  // OpenShift has it on.
  const plugins = { "enable-admission-plugins": "OwnerReferencesPermissionEnforcement" };
  const node = await startOneNode({ server: { ...audit.options, ...plugins } });
  try {
    await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
    // One replica, so that all looks that are seen are by the same.
    const installation = await installChart(node, { values: { replicaCount: 1, rbac } });
    const place = { node, installation, audit, namespace: NAMESPACE };
    const findUndone = await duty.createDuties(place);
    const rights = () => rightsOf(node.cluster, ACCOUNT);
    return {
      async expectAllNeeded(table) {
        const given = await rights();
        expect(given.map(nameOfRight).sort()).toEqual(Object.keys(table).sort());
        expect(await findUndone()).toEqual([]);
        const asked = await audit.requests();
        expect(asked.filter(({ status }) => status === 403)).toEqual([]);
        // Everybody may know the version.
        const others = asked.filter((each) => !given.some((right) => isBy(each, right)));
        expect([...new Set(others.map(({ path }) => path))]).toEqual(["/version"]);
        expect(given.filter((right) => !asked.some((each) => isBy(each, right)))).toEqual([]);
      },
      async expectUndone(name, undone) {
        await duty.untilMended(place);
        const right = (await rights()).find((each) => nameOfRight(each) === name);
        if (right === undefined) throw new Error(`there is no ${name}`);
        expect(await without(node.cluster, ACCOUNT, right, NAMESPACE, findUndone)).toEqual(undone);
      },
      async stop() {
        await installation.stop();
        await node.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

function isBy(asked: Asked, { verb, group, resource, namespace, name }: Right): boolean {
  const isOfIt = asked.verb === verb && asked.group === group && asked.resource === resource;
  const isThere = namespace === undefined || asked.namespace === namespace;
  return isOfIt && isThere && (name === undefined || asked.name === name);
}
