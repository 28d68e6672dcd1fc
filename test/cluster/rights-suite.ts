/** The rights that the chart gives piggy-webhooks, each of which it needs. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, test } from "bun:test";
import * as duty from "./duties.ts";
import { RELEASE } from "./installation.ts";
import { ALWAYS, CERTIFICATE, OF_SECRETS, type RightsStage, startRightsStage } from "./needed-rights.ts";

const RIGHTS = {
  ...ALWAYS,
  [`${RELEASE}: get configmaps`]: [duty.READ_CONFIG_MAP],
  [`${RELEASE}: get secrets`]: [...OF_SECRETS, ...CERTIFICATE],
  [`${RELEASE}: get serviceaccounts`]: [duty.PULL_BY_ACCOUNT],
};

let stage: RightsStage;
beforeAll(async () => {
  stage = await startRightsStage({});
});
afterAll(() => stage?.stop());

test("all is done with the rights that are given, each is used, and no other is asked for", () =>
  stage.expectAllNeeded(RIGHTS));

test.each(Object.entries(RIGHTS))("what is not done without the right %s", (right, undone) =>
  stage.expectUndone(right, undone),
);
