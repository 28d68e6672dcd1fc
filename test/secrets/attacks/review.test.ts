/** Reviews that the API server did not send: anybody who reaches the webhook can ask what would become of a Pod. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { startWorld, type World } from "../../support/world.ts";
import { HUSH } from "../asking.ts";

setDefaultTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "bank", name: "db" },
    stringData: {
      PASSWORD: `${HUSH}text`,
      MIXED: `${HUSH}before-\${piggy:KEY}-${HUSH}after`,
      ENTRY: "piggy://sm/bank/vault#/pin",
    },
  });
});
afterAll(() => world.stop());

async function review(container: object) {
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "bank", annotations: { "piggysec.com/aws-secret-name": "bank/vault" } },
    spec: {
      containers: [{ name: "app", image: "registry.example.com/app:1", command: ["/bin/app"], ...container }],
    },
  };
  const request = {
    uid: crypto.randomUUID(),
    kind: { group: "", version: "v1", kind: "Pod" },
    resource: { group: "", version: "v1", resource: "pods" },
    operation: "CREATE",
    namespace: "bank",
    object,
  };
  const response = await fetch(`${world.url}/mutate`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }),
    tls: { ca: world.authority.pem },
  });
  const text = await response.text();
  const { patch = "" } = JSON.parse(text).response;
  return text + Buffer.from(patch, "base64").toString();
}

const key = (name: string) => ({ secretKeyRef: { name: "db", key: name } });

test.each<[string, object]>([
  ["by a key", { env: ["PASSWORD", "MIXED", "ENTRY"].map((name) => ({ name, valueFrom: key(name) })) }],
  ["as a whole", { envFrom: [{ secretRef: { name: "db" } }] }],
  ["with a prefix", { envFrom: [{ prefix: "DB_", secretRef: { name: "db" } }] }],
  [
    "by a mention in another variable",
    {
      envFrom: [{ secretRef: { name: "db" } }],
      env: [
        { name: "URL", value: "pg://$(PASSWORD):$(MIXED)@$(ENTRY)/piggy:KEY" },
        { name: "WHOLE", value: "piggy:$(PASSWORD)" },
        { name: "ANOTHER", value: "$(MIXED)" },
      ],
    },
  ],
  [
    "by a mention in the command",
    { envFrom: [{ secretRef: { name: "db" } }], args: ["$(PASSWORD)", "$(MIXED)"] },
  ],
])("what a Kubernetes Secret holds is told to nobody who names it %s", async (_, container) => {
  const answer = await review(container);
  // It was read: a reference in it is told, and is no secret.
  expect(answer).toContain("//sm/bank/vault#/pin");
  expect(answer).not.toContain(HUSH);
  expect(world.webhook.output()).not.toContain(HUSH);
});
