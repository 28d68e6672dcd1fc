/** The cluster itself: a real node runs what the API server was given. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { compiledC } from "../support/programs.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, runToEnd } from "./pods.ts";
import { buildProgramImage } from "./program-image.ts";

const NAMESPACE = "plain";

let node: OneNode;
let image: string;
beforeAll(async () => {
  node = await startOneNode();
  const app = await compiledC(fileURLToPath(new URL("../../demo/app/app.c", import.meta.url)), "app");
  await buildProgramImage(node.buildah, "localhost/app", app);
  image = await node.push("localhost/app", "team/app:1");
  await addLiveNamespace(node.cluster, NAMESPACE);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
});
afterAll(() => node?.stop());

const podOf = (name: string, spec: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    restartPolicy: "Never",
    containers: [{ name: "app", image, env: [{ name: "TEST_ENV", value: "plain" }] }],
    ...spec,
  },
});

test("a Pod of a scratch image from a private registry runs, and its log is read", async () => {
  const pod = podOf("private", { imagePullSecrets: [{ name: "registry" }] });
  expect(await runToEnd(node.cluster, NAMESPACE, pod)).toContain("\nTEST_ENV=plain\n");
});
