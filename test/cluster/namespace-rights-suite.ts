/** The rights that the chart gives piggy-webhooks where it is to read Secrets and ConfigMaps in some namespaces alone, each of which it needs. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, test } from "bun:test";
import * as duty from "./duties.ts";
import { RELEASE } from "./installation.ts";
import {
  ALWAYS,
  CERTIFICATE,
  NAMESPACE,
  OF_SECRETS,
  OWN_ROLE,
  type RightsStage,
  startRightsStage,
} from "./needed-rights.ts";

/** Besides those that it always has. */
const RIGHTS = {
  [`${NAMESPACE}/${RELEASE}-configmaps: get configmaps`]: [duty.READ_CONFIG_MAP],
  [`${NAMESPACE}/${RELEASE}-secrets: get secrets`]: OF_SECRETS,
  [`${NAMESPACE}/${RELEASE}-secrets: get serviceaccounts`]: [duty.PULL_BY_ACCOUNT],
  [`${OWN_ROLE}: get secrets ${RELEASE}-own-ca`]: CERTIFICATE,
};

let stage: RightsStage;
beforeAll(async () => {
  stage = await startRightsStage({ secrets: [NAMESPACE], configMaps: [NAMESPACE] });
});
afterAll(() => stage?.stop());

test("all is done with the rights that are given, each is used, and no other is asked for", () =>
  stage.expectAllNeeded({ ...ALWAYS, ...RIGHTS }));

test.each(Object.entries(RIGHTS))("what is not done without the right %s", (right, undone) =>
  stage.expectUndone(right, undone),
);
