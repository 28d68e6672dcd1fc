/** What an operator changes of a release while Pods are created, on a real node. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { environmentOf } from "../admission/mutation.ts";
import { eventually } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { type ChartInstallation, prepareChart, runHelm } from "./installation.ts";
import { caBundle, ownSecret, serviceAddress } from "./kept-certificate.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addOperatorsCertificate } from "./operators-certificate.ts";
import { stored } from "./pods.ts";
import { HOST, NAMESPACE, type Use, useRelease } from "./use.ts";

const PORT = 8443;

let node: OneNode;
let installation: ChartInstallation;
let values: object;
let use: Use;
beforeAll(async () => {
  node = await startOneNode();
  installation = await prepareChart(node);
  values = { ...installation.values, service: { port: PORT } };
  use = await useRelease(node, installation, PORT);
  await runHelm(node, installation, "install", installation.chart, values);
  await eventually("Pods are admitted", () =>
    use
      .admit()
      .then(() => true)
      .catch(() => false),
  );
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

describe("with a Service at another port than 443", () => {
  test("a Pod asks there, at the Service's address", async () => {
    await use.create("by-address");
    await use.says("by-address");
    expect(environmentOf(parsePod(await stored(node.cluster, NAMESPACE, "by-address"), "Pod"))).toMatchObject(
      {
        PIGGY_ADDRESS: `https://${HOST}:${PORT}`,
        PIGGY_SERVICE: `${await serviceAddress(node.cluster)}:${PORT}`,
      },
    );
  });

  test("a Pod that is given no address asks there by name", async () => {
    await use.create("by-name", { "piggysec.com/piggy-skip-verify-tls": "true" });
    await use.says("by-name");
    expect(
      environmentOf(parsePod(await stored(node.cluster, NAMESPACE, "by-name"), "Pod")),
    ).not.toHaveProperty("PIGGY_SERVICE");
  });
});

describe("where tls.mode is changed and changed back", () => {
  const NAME = "by-address";
  const secretName = "of-the-operator";
  let operators: string;
  beforeAll(async () => {
    operators = await addOperatorsCertificate(node.cluster, secretName);
  });

  /** @returns what Helm said */
  const upgrade = (tls: object) =>
    use.during(async () => {
      const said = await runHelm(node, installation, "upgrade", installation.chart, { ...values, tls });
      await use.onlyNewReplicas();
      return said;
    });

  test("to a certificate of the operator's: Pods are admitted all the while, and Helm says what else it means", async () => {
    const own = (await ownSecret(node.cluster))?.["ca.crt"];
    expect(await upgrade({ mode: "secret", secretName })).toContain("kubectl rollout restart");
    expect(await caBundle(node.cluster)).toBe(`${operators}\n${own}`);
  });

  test("a container of a Pod from before does not start again, and says why", async () => {
    await use.isLost(NAME);
  });

  test("the operator's CA stands alone after the next upgrade, of which Helm says nothing", async () => {
    const said = await runHelm(node, installation, "upgrade", installation.chart, {
      ...values,
      tls: { mode: "secret", secretName },
      replicaCount: 2,
    });
    expect(said).not.toContain("kubectl rollout restart");
    expect(await caBundle(node.cluster)).toBe(operators);
  });

  test("to its own, which is the one from before: Pods are admitted all the while, and the Pod starts again", async () => {
    const before = await ownSecret(node.cluster);
    expect(await upgrade({})).toContain("kubectl rollout restart");
    expect(await ownSecret(node.cluster)).toEqual(before);
    await use.says(NAME);
  });
});
