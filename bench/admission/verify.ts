/** Both webhooks must be right before it matters how fast they are. */
import { applyPatch, createPatch } from "rfc6902";
import { decodePatch, verifyResponse } from "../../test/fakes/kubernetes/admission-review.ts";
import type { Server } from "../server.ts";
import type { Scenario } from "./review.ts";

/**
 * Sends the review to every server, applies the patches, and compares the Pods, which may differ in their fresh
 * PIGGY_UID alone.
 * @throws Error that says what is wrong
 */
export async function verifyAnswers(
  servers: readonly Server[],
  scenario: Scenario,
  review: string,
  ca: string,
): Promise<void> {
  const pods = await Promise.all(servers.map((server) => admitted(server, review, ca)));
  const came = JSON.stringify(podIn(review));
  for (const [index, { name }] of servers.entries()) {
    const pod = pods[index] ?? "";
    if ((pod !== came) !== scenario.hasReferences)
      throw new Error(`${scenario.name}: ${name} does not do what it should`);
    const differences = createPatch(JSON.parse(pods[0] ?? ""), JSON.parse(pod));
    if (differences.length > 0) {
      const listed = differences.map((each) => JSON.stringify(each)).join("\n");
      throw new Error(
        `${scenario.name}: ${name} makes another Pod than ${servers[0]?.name}. What it does to that:\n${listed}`,
      );
    }
  }
}

/** The Pod's JSON as the API server would go on with it, UID in the place of its fresh id. */
async function admitted({ address }: Server, review: string, ca: string): Promise<string> {
  const answer = await fetch(`https://${address}/mutate?timeout=10s`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: review,
    tls: { ca },
  });
  const { uid } = JSON.parse(review).request;
  const response = verifyResponse(await answer.json(), uid);
  const pod = podIn(review);
  const faults = applyPatch(pod, [...decodePatch(response)]).filter((fault) => fault !== null);
  const [fault] = faults;
  if (fault) throw fault;
  const text = JSON.stringify(pod);
  const [, fresh] = /"PIGGY_UID","value":"([0-9a-f]{32})"/.exec(text) ?? [];
  return fresh === undefined ? text : text.replaceAll(fresh, "UID");
}

function podIn(review: string): object {
  return JSON.parse(review).request.object;
}
