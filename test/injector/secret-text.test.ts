/** A Kubernetes Secret with a reference among other text: the application gets both, the Pod shows neither. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { parseProbe } from "../fixtures/probe.ts";
import { ACCOUNT, addAccounts, NAMESPACE, putSecret, SECRET } from "./containers.ts";
import { type MountingWorld, startMountingWorld } from "./mounting.ts";

const HUSH = "hush-hush";
const SETTINGS = {
  URL: `pg://user:${HUSH}@\${piggy:HOST}`,
  FALLBACK: `\${piggy:NOBODY:-${HUSH}}`,
  PLAIN: HUSH,
  WHOLE: "piggy:HOST\n",
};
const ENV = [
  { name: "DSN", value: "$(URL)/$(PLAIN)?a=$(WHOLE)" },
  { name: "DEFAULT", value: "<$(FALLBACK)>" },
  { name: "BOTH", value: `$(PLAIN):\${piggy:HOST}` },
  { name: "COPY", value: "$(BOTH)" },
  { name: "AROUND", value: "[$(COPY)]" },
];

let world: MountingWorld;
beforeAll(async () => {
  world = await startMountingWorld();
  addAccounts(world);
  putSecret(world, { HOST: "db" });
  const data = Object.fromEntries(Object.entries(SETTINGS).map(([key, text]) => [key, btoa(text)]));
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "settings", namespace: NAMESPACE },
    data,
  });
});
afterAll(() => world.stop());

test("a value that mentions it is resolved in the container, where alone its text is", async () => {
  const annotations = { "piggysec.com/aws-secret-name": SECRET };
  const envFrom = [{ secretRef: { name: "settings" } }];
  const container = { name: "main", image: "app", command: [world.program], envFrom, env: ENV };
  const admitted = await world.admit({
    metadata: { namespace: NAMESPACE, name: "mixed", annotations },
    spec: { serviceAccountName: ACCOUNT, containers: [container] },
  });
  if ("denied" in admitted) throw new Error(admitted.denied);
  expect(JSON.stringify(admitted.pod)).not.toContain(HUSH);
  const run = await admitted.run();
  expect(run.exitCode, run.stderr).toBe(0);
  expect(parseProbe(run.stdout).environment).toEqual(
    expect.arrayContaining([
      `DSN=pg://user:${HUSH}@db/${HUSH}?a=db`,
      `DEFAULT=<${HUSH}>`,
      `BOTH=${HUSH}:db`,
      `COPY=${HUSH}:db`,
      `AROUND=[${HUSH}:db]`,
    ]),
  );
  expect(world.webhook.output()).not.toContain(HUSH);
});
