/** Events of the webhook's, as a real API server stores them and `kubectl describe pod` looks for them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { podWith } from "../admission/mutation.ts";
import { parseStoredPod, type StoredPod } from "../fakes/kubernetes/pod.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { requestOf, type SecretDoor, secretDoor, started } from "../secrets/asking.ts";
import { REGION } from "../support/world.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install, requestToken } from "./installation.ts";
import { add, addNamespace, eventually, podsOf } from "./objects.ts";

const NAMESPACE = "shop";

let cluster: Cluster;
let installation: Installation;
let door: SecretDoor;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  await addNamespace(cluster, NAMESPACE, INJECTED);
  door = secretDoor(installation.webhook, installation.caPem);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
});

/** A Pod whose container asks for the password of a secret that is not there. */
async function unhappyPod(name: string, secret: string): Promise<StoredPod> {
  const metadata = { name, annotations: { "piggysec.com/aws-secret-name": secret } };
  const created = await add(cluster, podsOf(NAMESPACE), podWith({}, { metadata }));
  const pod = parseStoredPod(created, "Pod");
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid: pod.metadata.uid };
  const token = await requestToken(cluster, NAMESPACE, "default", {
    audiences: ["piggysec.com"],
    boundObjectRef,
  });
  const { status } = await door.ask(token, requestOf(started(pod, ["/app"]), ["PASSWORD"]));
  expect(status).toBe(400);
  return pod;
}

const parseEvents = object(
  {
    items: list(
      object(
        {
          type: string,
          reason: string,
          message: string,
          action: string,
          reportingComponent: string,
          involvedObject: object({ kind: string, name: string, uid: string }, {}),
        },
        {},
      ),
    ),
  },
  {},
);

/** Source: kubectl, pkg/describe/describe.go, searchEvents; client-go, GetFieldSelector. */
async function describedEvents({ metadata: { name, uid } }: StoredPod) {
  const fields = { name, namespace: NAMESPACE, uid };
  const selector = Object.entries(fields).map(([field, value]) => `involvedObject.${field}=${value}`);
  const path = `/api/v1/namespaces/${NAMESPACE}/events?fieldSelector=${encodeURIComponent(selector.join(","))}`;
  const { body } = await cluster.admin.call("GET", path);
  return parseEvents(body, "EventList").items;
}

async function onlyEvent(pod: StoredPod) {
  await eventually("the Event is stored", async () => (await describedEvents(pod)).length > 0);
  const [event, ...others] = await describedEvents(pod);
  expect(others).toEqual([]);
  return event;
}

test("a Pod that is not given its secret has an Event that describe finds", async () => {
  const pod = await unhappyPod("cart", "shop/none");
  const { name, uid } = pod.metadata;
  expect(await onlyEvent(pod)).toMatchObject({
    type: "Warning",
    reason: "SecretNotFound",
    action: "ResolveReferences",
    message: expect.stringContaining(
      `secret_not_found: secret shop/none in ${REGION}: ResourceNotFoundException`,
    ),
    reportingComponent: "piggysec.com/piggy-webhooks",
    involvedObject: { kind: "Pod", name, uid },
  });
});

test("so has one whose name is as long as a name may be, with a note as long as a note may be", async () => {
  const name = Array.from({ length: 4 }, () => "x".repeat(62))
    .join(".")
    .padEnd(253, "y");
  const pod = await unhappyPod(name, `shop/${"n".repeat(2_000)}`);
  expect((await onlyEvent(pod))?.message.length).toBeGreaterThan(1_000);
});

test("neither a token nor a value is in the log, and each request is", () => door.expectDiscretion());
