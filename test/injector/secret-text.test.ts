/** A Kubernetes Secret with a reference among other text: the application gets both, the Pod shows neither. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Kubelet } from "../fakes/kubelet.ts";
import { parseProbe } from "../fixtures/probe.ts";
import { startWorld, type World } from "../support/world.ts";
import { ACCOUNT, addAccounts, NAMESPACE, putSecret, SECRET } from "./containers.ts";
import { probe } from "./piggy-env.ts";

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

let world: World;
let kubelet: Kubelet;
let program: string;
beforeAll(async () => {
  world = await startWorld({
    prepare: (kubernetes) => {
      kubernetes.version = { major: "1", minor: "35" };
    },
  });
  addAccounts(world);
  putSecret(world, { HOST: "db" });
  const data = Object.fromEntries(Object.entries(SETTINGS).map(([key, text]) => [key, btoa(text)]));
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "settings", namespace: NAMESPACE },
    data,
  });
  program = await probe();
  kubelet = await world.kubelet({ app: { program } });
});
afterAll(() => world.stop());

test("a value that mentions it is resolved in the container, where alone its text is", async () => {
  const creation = await world.kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: NAMESPACE,
      name: "mixed",
      annotations: { "piggysec.com/aws-secret-name": SECRET, "piggysec.com/piggy-delivery": "image" },
    },
    spec: {
      serviceAccountName: ACCOUNT,
      containers: [
        {
          name: "main",
          image: "app",
          command: [program],
          envFrom: [{ secretRef: { name: "settings" } }],
          env: ENV,
        },
      ],
    },
  });
  if (!creation.allowed) throw new Error(creation.status.message);
  expect(JSON.stringify(creation.pod)).not.toContain(HUSH);
  const [run] = (await kubelet.run(creation.pod)).containers;
  expect(run?.exitCode, run?.stderr).toBe(0);
  expect(parseProbe(run?.stdout ?? "").environment).toEqual(
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
