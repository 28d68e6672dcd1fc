/** Pods as a controller creates them: again, until they are there. */
import type { Answer } from "../test/apiserver/client.ts";
import type { Cluster } from "../test/apiserver/cluster.ts";
import { podsOf } from "../test/apiserver/objects.ts";
import { isWrapped, NAMESPACE } from "./pods.ts";
import type { Recorder, Retry } from "./record.ts";
import { refusalOf } from "./refusal.ts";

const PAUSE_MS = 500;

/** Asks until the API server answers. What it says that is no answer of a server in good health counts as none. */
export async function persistently<T>(ask: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last: unknown = "nothing";
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await Bun.sleep(PAUSE_MS);
  }
  throw new Error(`not in ${timeoutMs} ms; last: ${last}`);
}

/** Creates it, or with a query looks what would be created. @returns whether it is there; what refused it is counted */
export async function tryToCreate(
  cluster: Cluster,
  pod: object & { readonly metadata: { readonly name: string } },
  of: Retry["of"],
  recorder: Recorder,
  query = "",
): Promise<true | undefined> {
  const { name } = pod.metadata;
  const refused = (why: Retry["why"]) => void recorder.seen.retries.push({ at: recorder.at(), of, why });
  let answer: Answer;
  try {
    answer = await cluster.admin.call("POST", podsOf(NAMESPACE) + query, pod);
    // It was stored, and the answer was lost.
    if (answer.status === 409) answer = await cluster.admin.call("GET", `${podsOf(NAMESPACE)}/${name}`);
  } catch {
    refused("API server away");
    return undefined;
  }
  const { status, body } = answer;
  if (status === 201 || status === 200) {
    if (!isWrapped(body)) recorder.violated("allowed without patch", name, "admitted as it came");
    return true;
  }
  const message = String(body["message"]);
  const why = refusalOf(status, message);
  refused(why);
  const isExpected = recorder.isTrustTakenAway && /unknown authority/.test(message);
  if (why === "the webhook's certificate" && !isExpected)
    recorder.violated("certificate not valid", name, message);
  if (why === "another reason") recorder.violated("the run itself", name, `${status} ${message}`);
  return undefined;
}
