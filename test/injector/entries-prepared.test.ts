/** Store entries the whole way: admitted by piggy-webhooks, prepared by the kubelet, resolved by piggy-env. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { parseProbe } from "../fixtures/probe.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { addAccounts, putSecret, startContainer } from "./containers.ts";

setDefaultTimeout(120_000);

const KEYS = { accessKeyId: "AKIACONTAINER", secretAccessKey: "container/secret+key" };

let world: World;
beforeAll(async () => {
  world = await startWorld();
  addAccounts(world);
  putSecret(world, { KEY: "of the Pod's secret" });
  world.aws.addUser(KEYS);
  world.aws.putSecret({ region: REGION, name: "own/json", value: '{"a":"before"}' });
  world.aws.putSecret({ region: REGION, name: "own/json", value: '{"a":"now","$":"dollar"}' });
  world.aws.putParameter({ region: REGION, name: "/own/KEY", value: "parameter", type: "SecureString" });
});
afterAll(() => world.stop());

const env = {
  A: "piggy://sm/own/json?stage=AWSPREVIOUS#/a",
  B: `<\${piggy://ssm/own/KEY}|\${piggy://sm/own/json#/a}|\${piggy:KEY}>`,
  C: `$$$$\${piggy://sm/own/json#/$$}`,
  D: `\${piggy://sm/own/json#/none:-default}`,
  TEXT: `$$$$$$\${piggy://sm/own/nobody's}`,
};

async function expectResolved(started: ReturnType<typeof startContainer>): Promise<void> {
  const { exitCode, stdout, stderr } = await started;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const { variable } = parseProbe(stdout);
  expect(Object.keys(env).map(variable)).toEqual([
    "before",
    "<parameter|now|of the Pod's secret>",
    "$dollar",
    "default",
    `$\${piggy://sm/own/nobody's}`,
  ]);
}

test("in proxy mode", async () => {
  await expectResolved(startContainer(world, { env }));
});

test("in standalone mode", async () => {
  const identity = {
    AWS_ENDPOINT_URL: world.aws.url,
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  };
  const annotations = { "piggysec.com/standalone": "true", "piggysec.com/aws-region": REGION };
  await expectResolved(startContainer(world, { env: { ...env, ...identity }, annotations }));
});

test("a failure says which variable, which reference and why, in the container's own words", async () => {
  const { exitCode, stderr } = await startContainer(world, {
    env: { GOOD: "piggy:KEY", BAD: "piggy://ssm/own/NONE?region=eu-west-1" },
  });
  expect(exitCode).toBe(125);
  expect(stderr).toContain(
    'BAD: \\"piggy://ssm/own/NONE?region=eu-west-1\\" is unresolved: parameter /own/NONE',
  );
  expect(stderr).toContain("ParameterNotFound");
});
